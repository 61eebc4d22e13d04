import YAML

/// Every command of Weir, in the order in which help lists them.
enum Commands {
    static let all: [Command] =
        [
            RunCommand.command
        ] + QueryCommand.all + [
            CheckConfigCommand.command,
            CheckWebConfigCommand.command,
            CheckMetricsCommand.command,
            CheckPromQLCommand.command,
            CheckTargetsCommand.command,
            MigrateCommand.command,
            PsqlCommand.command,
            CredentialCommand.new,
            CredentialListCommand.list,
            CredentialListCommand.check,
            ExplainCommand.relabel,
            VersionCommand.command,
            help,
            completion,
        ]

    private static let help = Command(
        "help", "Says what a command does and takes.", operands: "[COMMAND]", operandCount: 0...2
    ) { invocation in
        let name = invocation.operands.joined(separator: " ")
        guard !name.isEmpty else {
            Terminal.write(Help.overview(of: all))
            return .success
        }
        guard let command = all.first(where: { $0.name == name }) else {
            let near = Nearest.name(to: name, among: all.map(\.name))
            let hint = near.map { "; did you mean \($0)?" } ?? "; weir help lists the commands"
            throw UsageError("there is no command \"\(name)\"\(hint)")
        }
        Terminal.write(Help.page(for: command, isLong: true))
        return .success
    }

    private static let completion = Command(
        "completion", "Prints a script that completes commands and flags.",
        operands: "bash|zsh", operandCount: 1...1,
        details: "Add to ~/.bashrc: source <(weir completion bash)"
    ) { invocation in
        switch invocation.operands[0] {
        case "bash": Terminal.write(Completion.bash(all))
        case "zsh": Terminal.write(Completion.zsh(all))
        default:
            throw UsageError("weir completes for bash and zsh, not for \(invocation.operands[0])")
        }
        return .success
    }
}
