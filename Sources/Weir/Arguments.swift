import YAML

/// What a person asked for on the command line.
enum Request {
    /// To run a command.
    case run(Invocation)
    /// To see a command's help; `isLong` with every flag.
    case help(Command?, isLong: Bool)
}

/// Why a command line was not understood: one sentence.
struct UsageError: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// Reads a command line: `weir [COMMAND] [--flag value | --flag=value]… [OPERAND]…`.
///
/// Without a command it is `run`, so that a unit file of Prometheus works as it stands.
struct Arguments {
    let commands: [Command]
    /// The command that a command line without one means.
    let fallback: Command

    func read(_ words: [String]) throws(UsageError) -> Request {
        if let first = words.first, ["-h", "--help", "--help-long"].contains(first) {
            return .help(nil, isLong: first == "--help-long")
        }
        let (command, rest) = try command(of: words)
        return try read(rest[...], for: command)
    }

    /// The command that the first words name, and the words behind it.
    private func command(of words: [String]) throws(UsageError) -> (Command, [String]) {
        let plain = words.prefix { !$0.hasPrefix("-") }
        guard !plain.isEmpty else { return (fallback, words) }
        for length in [2, 1] where plain.count >= length {
            let name = plain.prefix(length).joined(separator: " ")
            if let command = commands.first(where: { $0.name == name }) {
                return (command, Array(words.dropFirst(length)))
            }
        }
        throw UsageError(complaint(aboutCommand: Array(plain.prefix(2))))
    }

    private func complaint(aboutCommand words: [String]) -> String {
        let names = commands.map(\.name)
        let members = names.filter { $0.hasPrefix(words[0] + " ") }
        if words.count == 1, !members.isEmpty {
            return "weir \(words[0]) needs one more word: \(members.joined(separator: ", "))"
        }
        let whole = words.joined(separator: " ")
        let near =
            Nearest.name(to: whole, among: names)
            ?? Nearest.name(to: words[0], among: names)
        let hint = near.map { "did you mean weir \($0)?" } ?? "weir help lists the commands"
        return "there is no command \"\(members.isEmpty ? words[0] : whole)\"; \(hint)"
    }

    private func read(
        _ words: ArraySlice<String>, for command: Command
    ) throws(UsageError) -> Request {
        var words = words
        var given: [(name: String, value: String)] = []
        var operands: [String] = []
        while let word = words.popFirst() {
            switch word {
            case "-h", "--help": return .help(command, isLong: false)
            case "--help-long": return .help(command, isLong: true)
            case "--":
                operands += words
                words = []
            case _ where word.hasPrefix("-") && word != "-":
                given.append(try flag(word, then: &words, of: command))
            default: operands.append(word)
            }
        }
        guard command.operandCount.contains(operands.count) else {
            let expected = command.operands.isEmpty ? "nothing" : command.operands
            throw UsageError(
                "weir \(command.name) takes \(expected) beside its flags, "
                    + "and was given \(operands.isEmpty ? "nothing" : operands.joined(separator: " "))"
            )
        }
        return .run(Invocation(command: command, given: given, operands: operands))
    }

    /// Reads one flag; its value may follow a `=` or stand in the next word.
    private func flag(
        _ word: String, then words: inout ArraySlice<String>, of command: Command
    ) throws(UsageError) -> (name: String, value: String) {
        let body = word.drop { $0 == "-" }
        let parts = body.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        var name = String(parts.first ?? "")
        var value = parts.count > 1 ? String(parts[1]) : nil
        if name.hasPrefix("no-"), value == nil,
            let toggle = command.flags.first(where: { "no-" + $0.name == name && $0.isToggle })
        {
            (name, value) = (toggle.name, "false")
        }
        guard let flag = command.flags.first(where: { $0.name == name }) else {
            let near = Nearest.name(to: name, among: command.flags.map(\.name))
            let hint =
                near.map { "did you mean --\($0)?" }
                ?? "weir help \(command.name) lists its flags"
            throw UsageError(
                "weir \(command.name) has no flag \(word.prefix { $0 != "=" }); \(hint)")
        }
        let text: String
        if let value {
            text = value
        } else if flag.isToggle {
            text = "true"
        } else if let next = words.popFirst() {
            text = next
        } else {
            throw UsageError("--\(name) needs a value: --\(name)=\(flag.placeholder)")
        }
        if let complaint = flag.complaint(about: text) {
            throw UsageError("--\(name)=\(text): \(complaint)")
        }
        return (name, text)
    }
}
