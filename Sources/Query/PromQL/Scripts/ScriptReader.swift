import Model

/// Reads a script of Prometheus's test language into commands.
struct ScriptReader {
    private let file: String
    private let lines: [String]
    private var index = 0

    init(_ text: String, file: String) {
        self.file = file
        lines = text.split(separator: "\n", omittingEmptySubsequences: false).map {
            let line = $0.trimmingBlanks
            return line.hasPrefix("#") ? "" : line
        }
    }

    /// All commands with their lines.
    mutating func commands() throws(ScriptError) -> [ScriptCommand] {
        var commands: [ScriptCommand] = []
        while index < lines.count {
            let line = lines[index]
            let number = index + 1
            index += 1
            if line.isEmpty { continue }
            do {
                commands.append(try command(line, number))
            } catch {
                // A fault within a block belongs to the line that was read last.
                throw ScriptError(file: file, line: index, message: error.message)
            }
        }
        return commands
    }

    private mutating func command(
        _ line: String, _ number: Int
    ) throws(ScriptFault) -> ScriptCommand {
        var words = Words(line)
        let first = words.next().lowercased()
        switch first {
        case "clear": return .clear
        case "load", "load_with_nhcb":
            return .load(try load(step: words.rest, makesNative: first != "load"))
        case "eval", "eval_fail", "eval_warn", "eval_info", "eval_ordered":
            return .eval(try eval(&words, number, first))
        default: throw ScriptFault("invalid command \(quoted(line))")
        }
    }

    /// The next line of a block, if it goes on.
    private mutating func blockLine() -> String? {
        guard index < lines.count, !lines[index].isEmpty else { return nil }
        index += 1
        return lines[index - 1]
    }

    // MARK: load

    private mutating func load(
        step: Substring, makesNative: Bool
    ) throws(ScriptFault) -> ScriptLoad {
        var load = ScriptLoad(step: try span(step), makesNative: makesNative)
        var common: [TimeSpan?] = []
        var pending: (labels: Labels, starts: [TimeSpan?])?
        while let line = blockLine() {
            if let (metric, rest) = startLine(line) {
                let starts = try StartOffsets.read(rest)
                if metric.isEmpty {
                    common = starts
                } else {
                    pending = (try SeriesLine.metric(String(metric)).0, starts)
                }
                continue
            }
            let series = try SeriesLine(line)
            var starts: [TimeSpan?] = []
            if let known = pending {
                guard known.labels == series.labels else {
                    throw ScriptFault("@st metric does not match the following sample line metric")
                }
                guard known.starts.count == series.values.count else {
                    throw ScriptFault(
                        "@st line has \(known.starts.count) values but sample line has "
                            + "\(series.values.count)")
                }
                starts = known.starts
                pending = nil
            } else if !common.isEmpty {
                starts = series.values.indices.map { common[$0 % common.count] }
            }
            load.series.append((series, starts))
        }
        guard pending == nil else { throw ScriptFault("@st line has no following sample line") }
        return load
    }

    /// The metric and the offsets of a line that tells when counting began.
    private func startLine(_ line: String) -> (metric: Substring, rest: Substring)? {
        let head = line.prefix { $0 != " " && $0 != "\t" }
        guard head.hasSuffix("@st"), head.endIndex < line.endIndex else { return nil }
        return (head.dropLast(3), line[head.endIndex...])
    }

    // MARK: eval

    private mutating func eval(
        _ words: inout Words, _ number: Int, _ command: String
    ) throws(ScriptFault) -> ScriptEval {
        let times: ScriptEval.Times
        switch words.next() {
        case "instant":
            var time = Timestamp(milliseconds: 0)
            if words.peek == "at" {
                _ = words.next()
                time = try self.time(words.next())
            }
            times = .instant(time)
        case "range":
            try expect("from", &words)
            let start = try time(words.next())
            try expect("to", &words)
            let end = try time(words.next())
            try expect("step", &words)
            times = .range(from: start, through: end, step: try span(words.next()))
        default: throw ScriptFault("expected instant or range behind eval")
        }
        var eval = ScriptEval(line: number, expression: String(words.rest), times: times)
        switch command {
        case "eval_fail": eval.failure = try ScriptCondition(matches: "")
        case "eval_warn": eval.warnings.isAnyExpected = true
        case "eval_info": eval.infos.isAnyExpected = true
        case "eval_ordered": eval.isOrdered = true
        default: break
        }
        while let line = blockLine() {
            if try isExpectation(line, &eval) { continue }
            if let value = Double(scriptNumber: line[...]) {
                eval.scalar = value
                break
            }
            eval.series.append(try SeriesLine(line))
        }
        return eval
    }

    private func isExpectation(
        _ line: String, _ eval: inout ScriptEval
    ) throws(ScriptFault) -> Bool {
        var words = Words(line)
        switch words.next() {
        case "expected_fail_message": eval.failure = ScriptCondition(is: String(words.rest))
        case "expected_fail_regexp":
            eval.failure = try ScriptCondition(matches: String(words.rest))
        case "expect":
            let kind = words.next()
            switch kind {
            case "ordered": eval.isOrdered = true
            case "fail": eval.failure = try condition(words.rest)
            case "warn": eval.warnings.conditions.append(try condition(words.rest))
            case "info": eval.infos.conditions.append(try condition(words.rest))
            case "no_warn": eval.warnings.isNoneExpected = true
            case "no_info": eval.infos.isNoneExpected = true
            case "string": eval.string = try literal(words.rest)
            case "range":
                try expect("vector", &words)
                try expect("from", &words)
                let start = try time(words.next())
                try expect("to", &words)
                let end = try time(words.next())
                try expect("step", &words)
                eval.rangeTimes = (start, end, try span(words.next()))
            default: throw ScriptFault("invalid expected error/annotation type \(kind)")
            }
        default: return false
        }
        return true
    }

    private func condition(_ text: Substring) throws(ScriptFault) -> ScriptCondition {
        let text = text.trimmingBlanks
        if text.isEmpty { return try ScriptCondition(matches: "") }
        if text.hasPrefix("msg:") {
            return ScriptCondition(is: text.dropFirst(4).trimmingBlanks)
        }
        if text.hasPrefix("regex:") {
            return try ScriptCondition(matches: text.dropFirst(6).trimmingBlanks)
        }
        throw ScriptFault("expected msg: or regex: in \(text)")
    }

    private func literal(_ text: Substring) throws(ScriptFault) -> String {
        var lexer = Lexer(String(text))
        do {
            let token = try lexer.next()
            if token.kind == .string, token.position.end == lexer.bytes.count {
                return ExpressionReader(String(text), .all).unquoted(token)
            }
        } catch {
            throw ScriptFault("expected string literal not valid: \(error.message)")
        }
        throw ScriptFault("expected string literal not valid - a quoted string literal is required")
    }

    private func expect(_ word: String, _ words: inout Words) throws(ScriptFault) {
        guard words.next() == word else { throw ScriptFault("expected \(word)") }
    }

    private func time(_ text: Substring) throws(ScriptFault) -> Timestamp {
        Timestamp(milliseconds: try span(text).milliseconds)
    }

    private func span(_ text: Substring) throws(ScriptFault) -> TimeSpan {
        let isNegative = text.hasPrefix("-")
        do {
            let span = try TimeSpan(String(isNegative ? text.dropFirst() : text))
            return isNegative ? TimeSpan(milliseconds: -span.milliseconds) : span
        } catch {
            throw ScriptFault("\(error)")
        }
    }
}

/// A line, word by word.
private struct Words {
    private(set) var rest: Substring

    init(_ line: String) { rest = line[...] }

    var peek: Substring { rest.prefix { $0 != " " && $0 != "\t" } }

    mutating func next() -> Substring {
        let word = peek
        rest = rest[word.endIndex...].drop { $0 == " " || $0 == "\t" }
        return word
    }
}

extension StringProtocol {
    /// Without the blanks at its ends.
    var trimmingBlanks: String {
        let isBlank: (Character) -> Bool = { $0 == " " || $0 == "\t" || $0 == "\r" }
        guard let first = firstIndex(where: { !isBlank($0) }),
            let last = lastIndex(where: { !isBlank($0) })
        else { return "" }
        return String(self[first...last])
    }
}
