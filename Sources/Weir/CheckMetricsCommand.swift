import Exposition
import Glibc

/// `weir check metrics`: whether what a target serves is well formed and well named.
enum CheckMetricsCommand {
    static let command = Command(
        "check metrics", "Checks the metrics on standard input, and lints their names.",
        flags: [
            Flag(
                "format", .choice(["auto", "text", "openmetrics"]), "FORMAT", standard: "auto",
                "What the input is; auto looks at it."),
            .toggle("extended", "Prints how many series each metric has."),
            .toggle("lint-fatal", "Exits with 3 where there is any lint."),
        ],
        details: """
            Example: curl -s http://localhost:9100/metrics | weir check metrics
            Exits with 0 where the metrics can be read, with 1 where they cannot.
            """
    ) { invocation in
        let body = try standardInput()
        var options = ParserOptions()
        options.rules = .strict
        var parser = ScrapeParser(options: options)
        let format = format(invocation.text("format"), body)
        do throws(ExpositionError) {
            try parser.read(body.span, as: format)
        } catch {
            Terminal.complain("\(error)")
            return .failure
        }
        let linter = MetricsLinter(parser.batch, format: format)
        let lints = linter.lints()
        for lint in lints { Terminal.complain("warning: \(lint.metric) \(lint.advice)") }
        if invocation.isOn("extended") { Terminal.write(table(linter.cardinalities())) }
        return lints.isEmpty || !invocation.isOn("lint-fatal") ? .success : .lint
    }

    private static func format(_ name: String, _ body: [UInt8]) -> ExpositionFormat {
        switch name {
        case "text": .text100
        case "openmetrics": .openMetrics100
        default: sniffed(body)
        }
    }

    /// All of the input is here, so that OpenMetrics is known by its end too.
    private static func sniffed(_ body: [UInt8]) -> ExpositionFormat {
        let format = ExpositionFormat.sniff(body.span) ?? .text100
        return format == .text004 ? .text100 : format
    }

    private static func table(_ rows: [MetricCardinality]) -> String {
        let width = max(6, rows.map(\.metric.utf8.count).max() ?? 0)
        func line(_ metric: String, _ count: String, _ share: String) -> String {
            metric + String(repeating: " ", count: width - metric.utf8.count) + "  "
                + String(repeating: " ", count: max(0, 11 - count.utf8.count)) + count + "  "
                + String(repeating: " ", count: max(0, 10 - share.utf8.count)) + share + "\n"
        }
        return line("Metric", "Cardinality", "Percentage")
            + rows.map { line($0.metric, "\($0.series)", percent($0.share)) }.joined()
    }

    /// Two digits behind the point.
    private static func percent(_ share: Double) -> String {
        let hundredths = Int((share * 10_000).rounded())
        let rest = hundredths % 100
        return "\(hundredths / 100).\(rest < 10 ? "0" : "")\(rest)%"
    }

    private static func standardInput() throws -> [UInt8] {
        var body: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = unsafe read(0, &piece, piece.count)
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else {
                let reason = unsafe String(cString: strerror(errno))
                throw UsageError("cannot read standard input: \(reason)")
            }
            if count == 0 { return body }
            body.append(contentsOf: piece[..<count])
        }
    }
}
