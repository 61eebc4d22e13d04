/// Scripts with which a shell completes Weir's commands and flags, made from the commands.
enum Completion {
    /// For bash: `source <(weir completion bash)`.
    static func bash(_ commands: [Command]) -> String {
        """
        # Completion of weir for bash: source <(weir completion bash)
        _weir() {
            local word=${COMP_WORDS[COMP_CWORD]} words
            case "${COMP_WORDS[1]} ${COMP_WORDS[2]}" in
        \(cases(commands))
            esac
            if [[ $word != -* ]]; then
                if [ "$COMP_CWORD" = 1 ]; then
                    words="\(firstWords(of: commands).joined(separator: " "))"
                else
                    case "${COMP_WORDS[1]}" in
        \(secondWords(of: commands))
                        *) type compopt >/dev/null 2>&1 && compopt -o default; return ;;
                    esac
                fi
            fi
            COMPREPLY=($(compgen -W "$words" -- "$word"))
        }
        complete -F _weir weir

        """
    }

    /// For zsh, through its reading of bash's form.
    static func zsh(_ commands: [Command]) -> String {
        """
        #compdef weir
        # Completion of weir for zsh: source <(weir completion zsh)
        autoload -U +X bashcompinit && bashcompinit

        """ + bash(commands) + """
            # The first completion is the call that reads this file.
            [ "${funcstack[1]}" = _weir ] && _bash_complete -F _weir

            """
    }

    private static func cases(_ commands: [Command]) -> String {
        // Commands of two words first, as their patterns are narrower.
        let ordered = commands.sorted { $0.name.contains(" ") && !$1.name.contains(" ") }
        let lines = ordered.map { command in
            let pattern =
                command.name.contains(" ") ? "\"\(command.name)\"" : "\"\(command.name) \"*"
            let flags = command.flags.map { "--" + $0.name }.joined(separator: " ")
            return "        \(pattern)) words=\"\(flags) --help\" ;;"
        }
        return lines.joined(separator: "\n")
    }

    private static func firstWords(of commands: [Command]) -> [String] {
        var seen: [String] = []
        for command in commands {
            let word = String(command.name.prefix { $0 != " " })
            if !seen.contains(word) { seen.append(word) }
        }
        return seen
    }

    private static func secondWords(of commands: [Command]) -> String {
        let groups = firstWords(of: commands).filter { word in
            commands.contains { $0.name.hasPrefix(word + " ") }
        }
        return groups.map { word in
            let members = commands.filter { $0.name.hasPrefix(word + " ") }
                .map { $0.name.dropFirst(word.utf8.count + 1) }
            return "                \(word)) words=\"\(members.joined(separator: " "))\" ;;"
        }.joined(separator: "\n")
    }
}
