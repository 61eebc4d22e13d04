/// One command of Weir: `weir check config`, say.
struct Command: Sendable {
    /// The words that call it.
    let name: String
    /// One line on what it does.
    let summary: String
    /// What follows the flags in the usage line: `FILE…`.
    let operands: String
    /// How many operands it takes.
    let operandCount: ClosedRange<Int>
    let flags: [Flag]
    /// Lines that the help ends with: examples, exit codes.
    let details: String
    let run: @Sendable (Invocation) async throws -> ExitCode

    init(
        _ name: String, _ summary: String, operands: String = "",
        operandCount: ClosedRange<Int> = 0...0, flags: [Flag] = [], details: String = "",
        run: @escaping @Sendable (Invocation) async throws -> ExitCode
    ) {
        self.name = name
        self.summary = summary
        self.operands = operands
        self.operandCount = operandCount
        self.flags = flags
        self.details = details
        self.run = run
    }
}

/// A command with what the person gave it.
struct Invocation: Sendable {
    let command: Command
    /// The flags that were given, in their order.
    let given: [(name: String, value: String)]
    /// What is no flag.
    let operands: [String]

    /// Whether the command has such a flag.
    func takes(_ name: String) -> Bool { command.flags.contains { $0.name == name } }

    /// Whether the flag stands on the command line.
    func isGiven(_ name: String) -> Bool { given.contains { $0.name == name } }

    /// The flag's last value, or its default.
    func text(_ name: String) -> String {
        given.last { $0.name == name }?.value ?? flag(name).standard
    }

    /// All values of a flag that may be repeated, or its default alone.
    func all(_ name: String) -> [String] {
        let values = given.filter { $0.name == name }.map(\.value)
        guard values.isEmpty, !flag(name).standard.isEmpty else { return values }
        return [flag(name).standard]
    }

    /// Whether a toggle is on.
    func isOn(_ name: String) -> Bool { text(name) == "true" }

    private func flag(_ name: String) -> Flag {
        guard let flag = command.flags.first(where: { $0.name == name }) else {
            preconditionFailure("BUG: weir \(command.name) has no flag --\(name)")
        }
        return flag
    }
}
