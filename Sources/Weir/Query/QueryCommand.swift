import JSON
import Model
import Telemetry

/// `weir query …`: questions to any Prometheus API, and their answers in a terminal.
enum QueryCommand {
    static let all = [instant, range, series, labels, exemplars]

    // MARK: The commands

    static let instant = Command(
        "query instant", "Asks for the values of an expression at one instant.",
        operands: "EXPR", operandCount: 1...1,
        flags: ask + [
            time("time", "The instant; now by default."), output("table"),
            .toggle("explain", isCommon: true, "Show what each part of the expression cost."),
        ], details: times
    ) { invocation in
        let expression = invocation.operands[0]
        var form = [("query", expression)]
        form += try seconds(of: ["time"], invocation)
        return try await answer(
            to: "query", form, expression: expression, invocation, isRange: false)
    }

    static let range = Command(
        "query range", "Asks for the values of an expression over time, and plots them.",
        operands: "EXPR", operandCount: 1...1,
        flags: ask + [
            time("start", "The first instant; an hour before the last by default."),
            time("end", "The last instant; now by default."),
            Flag(
                "step", .duration, "SPAN", isCommon: true,
                "The distance of the instants; by default as many as the terminal is wide."),
            output("plot"),
            .toggle("explain", isCommon: true, "Show what each part of the expression cost."),
        ], details: times
    ) { invocation in
        let expression = invocation.operands[0]
        let end = try instant(of: "end", invocation) ?? WallClock.now
        let start = try instant(of: "start", invocation) ?? end - .hours(1)
        guard start <= end else { throw UsageError("--start is after --end") }
        let length = end.milliseconds - start.milliseconds
        let step =
            invocation.isGiven("step")
            ? try TimeSpan(invocation.text("step"))
            // Two dots of a plot stand in one column.
            : .seconds(max(1, length / 1000 / Int64(TerminalSize.columns * 2)))
        guard step > .zero else { throw UsageError("--step has to be longer than nothing") }
        let form = [
            ("query", expression), ("start", start.inSeconds), ("end", end.inSeconds),
            ("step", seconds(step.milliseconds)),
        ]
        return try await answer(
            to: "query_range", form, expression: expression, invocation, isRange: true)
    }

    static let series = Command(
        "query series", "Lists the label sets of selected series.",
        operands: "SELECTOR…", operandCount: 1...Int.max, flags: ask + window + [output("table")],
        details: times
    ) { invocation in
        var form = invocation.operands.map { ("match[]", $0) }
        form += try seconds(of: ["start", "end"], invocation) + limit(invocation)
        return try await answer(
            to: "series", form, expression: invocation.operands[0], invocation, isRange: false)
    }

    static let labels = Command(
        "query labels", "Lists the names of labels, or the values of one.",
        operands: "[NAME]", operandCount: 0...1,
        flags: ask + window + [
            Flag(
                "match", .text, "SELECTOR", isRepeatable: true, isCommon: true,
                "Of series alone that one of these selects."), output("table"),
        ], details: times
    ) { invocation in
        var form = invocation.all("match").map { ("match[]", $0) }
        form += try seconds(of: ["start", "end"], invocation) + limit(invocation)
        let name = invocation.operands.first
        return try await answer(
            to: name.map { "label/\(QueryClient.escaped($0))/values" } ?? "labels", form,
            expression: invocation.all("match").first ?? "", invocation, isRange: false,
            isGET: name != nil)
    }

    static let exemplars = Command(
        "query exemplars", "Lists exemplars of the series that an expression selects.",
        operands: "EXPR", operandCount: 1...1,
        flags: ask + [
            time("start", "The first instant; an hour before the last by default."),
            time("end", "The last instant; now by default."), output("table"),
        ], details: times
    ) { invocation in
        let expression = invocation.operands[0]
        let end = try instant(of: "end", invocation) ?? WallClock.now
        let start = try instant(of: "start", invocation) ?? end - .hours(1)
        let form = [("query", expression), ("start", start.inSeconds), ("end", end.inSeconds)]
        return try await answer(
            to: "query_exemplars", form, expression: expression, invocation, isRange: false)
    }

    // MARK: Flags

    private static let times = """
        Times are seconds since 1970, RFC 3339, or a span before now: 90s, 1h30m. The server is \
        any that speaks Prometheus's API. --output=json prints its answer as it came.
        Exit codes: 0 answered, 1 refused or not reached, 2 a wrong command line.
        """

    private static let ask: [Flag] = [
        Flag(
            "server", .text, "URL", standard: "http://127.0.0.1:9090", isCommon: true,
            "Whom to ask; a path may stand behind the port."),
        Flag("username", .text, "NAME", "The user, for a server that asks for a password."),
        Flag("password", .text, "TEXT", "The password; other users of this machine may see it."),
        Flag("password-file", .text, "FILE", "The file that holds the password."),
        Flag("token", .text, "TEXT", "A bearer token; other users of this machine may see it."),
        Flag("token-file", .text, "FILE", isCommon: true, "The file that holds the bearer token."),
        Flag("ca-file", .text, "FILE", "Certificates to trust in place of the system's."),
        .toggle("insecure", "Take any certificate."),
        Flag("timeout", .duration, "SPAN", standard: "30s", "How long to wait for the answer."),
    ]

    private static let window: [Flag] = [
        time("start", "Series that said something from here on."),
        time("end", "Series that said something up to here."),
        Flag("limit", .number, "COUNT", isCommon: true, "The most results."),
    ]

    private static func time(_ name: String, _ help: String) -> Flag {
        Flag(name, .text, "TIME", isCommon: true, help)
    }

    private static func output(_ standard: String) -> Flag {
        Flag(
            "output", .choice(["table", "json", "plot"]), "FORM", standard: standard,
            isCommon: true, "How the answer is shown.")
    }

    // MARK: What flags say

    private static func limit(_ invocation: Invocation) -> [(String, String)] {
        invocation.isGiven("limit") ? [("limit", invocation.text("limit"))] : []
    }

    private static func seconds(
        of names: [String], _ invocation: Invocation
    ) throws(UsageError) -> [(String, String)] {
        var form: [(String, String)] = []
        for name in names {
            if let time = try instant(of: name, invocation) { form.append((name, time.inSeconds)) }
        }
        return form
    }

    private static func seconds(_ milliseconds: Int64) -> String {
        Timestamp(milliseconds: milliseconds).inSeconds
    }

    private static func instant(
        of name: String, _ invocation: Invocation
    ) throws(UsageError) -> Timestamp? {
        guard invocation.isGiven(name) else { return nil }
        let text = invocation.text(name)
        if let seconds = Double(text), seconds.magnitude < 1e12 {
            return Timestamp(milliseconds: Int64((seconds * 1000).rounded()))
        }
        if let time = Timestamp(rfc3339: text) { return time }
        // Lost: why it is no span either; the sentence below names all three forms.
        if let span = try? TimeSpan(text) { return WallClock.now - span }
        throw UsageError(
            "--\(name)=\(text) is no time; write seconds since 1970, RFC 3339 such as "
                + "2026-01-02T15:04:05Z, or a span before now such as 1h30m")
    }

    // MARK: The answer

    private static func answer(
        to route: String, _ form: [(String, String)], expression: String, _ invocation: Invocation,
        isRange: Bool, isGET: Bool = false
    ) async throws -> ExitCode {
        let client = try QueryClient(invocation)
        let isExplained = invocation.takes("explain") && invocation.isOn("explain")
        let answer: QueryReply
        do throws(QueryFailure) {
            answer = try await client.ask(
                route, isExplained ? form + [("explain", "true")] : form, isGET: isGET)
        } catch {
            Terminal.complain(error.sentence(about: expression))
            return .failure
        }
        for note in answer.notes { Terminal.complain(note) }
        switch invocation.text("output") {
        case "json": Terminal.write(String(decoding: answer.body, as: UTF8.self) + "\n")
        case "plot": Terminal.write(QueryPicture(answer.data, columns: TerminalSize.columns).text)
        default: Terminal.write(QueryTable.text(of: answer.data))
        }
        if isExplained { Terminal.write(QueryTable.explanation(of: answer.explanation)) }
        return .success
    }
}

extension Timestamp {
    /// Seconds since 1970, with milliseconds where there are any.
    var inSeconds: String {
        let rest = milliseconds.magnitude % 1000
        let sign = milliseconds < 0 ? "-" : ""
        let digits = String(repeating: "0", count: 3 - "\(rest)".utf8.count) + "\(rest)"
        return "\(sign)\(milliseconds.magnitude / 1000)" + (rest == 0 ? "" : ".\(digits)")
    }
}
