/// The help texts, made from the commands themselves.
enum Help {
    /// What `weir help` says: every command, a line each.
    static func overview(of commands: [Command]) -> String {
        let width = commands.map(\.name.utf8.count).max() ?? 0
        let lines = commands.map { "  weir \(padded($0.name, width))  \($0.summary)" }
        return """
            Weir scrapes OpenMetrics targets, keeps the samples in PostgreSQL and shows them again.

            \(lines.joined(separator: "\n"))

            Without a command Weir runs. weir help COMMAND says more; --help-long shows every flag.

            """
    }

    /// What `weir help COMMAND` says; the short form shows the common flags only.
    static func page(for command: Command, isLong: Bool) -> String {
        let isCut = !isLong && command.flags.contains { !$0.isCommon } && command.flags.count > 14
        let shown = command.flags.filter { !isCut || $0.isCommon }
        let flags = shown.isEmpty ? "" : " [FLAG…]"
        let operands = command.operands.isEmpty ? "" : " " + command.operands
        var text = "usage: weir \(command.name)\(flags)\(operands)\n\n\(command.summary)\n"
        if !shown.isEmpty {
            let width = shown.map { usage(of: $0).utf8.count }.max() ?? 0
            text += "\n"
            for flag in shown {
                let standard = flag.standard.isEmpty ? "" : " (\(flag.standard))"
                text += "  \(padded(usage(of: flag), width))  \(flag.help)\(standard)\n"
            }
        }
        if isCut { text += "\nEvery flag: weir \(command.name) --help-long\n" }
        if !command.details.isEmpty { text += "\n\(command.details)\n" }
        return text
    }

    private static func usage(of flag: Flag) -> String {
        flag.isToggle ? "--\(flag.name)" : "--\(flag.name)=\(placeholder(of: flag))"
    }

    private static func placeholder(of flag: Flag) -> String {
        guard flag.placeholder.isEmpty else { return flag.placeholder }
        switch flag.kind {
        case .toggle: return ""
        case .text: return "TEXT"
        case .number: return "N"
        case .duration: return "TIME"
        case .size: return "SIZE"
        case .choice(let choices): return choices.joined(separator: "|")
        }
    }

    private static func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.utf8.count))
    }
}
