import Model

/// What a line that begins with `#` says.
enum CommentLine {
    case help(name: String, text: String)
    case type(name: String, MetricType)
    case unit(name: String, unit: String)
    case endOfFile
    /// Anything else; only the classic text format has such.
    case comment

    /// The metric family that it speaks of.
    var family: String? {
        switch self {
        case .help(let name, _), .type(let name, _), .unit(let name, _): name
        case .endOfFile, .comment: nil
        }
    }
}

/// Reads the lines that begin with `#`.
struct MetadataScanner {
    let isOpenMetrics: Bool

    /// What the line says whose `#` stands at `start`.
    func scan(_ line: Span<UInt8>, from start: Int) throws(Fault) -> CommentLine {
        let word = isOpenMetrics ? start + 2 : line.skippingBlanks(from: start + 1)
        if isOpenMetrics {
            guard line.has(" ", at: start + 1) else {
                throw Fault(offset: start + 1, expected: "a space")
            }
            if line.count == word + 3, line.hasWord("EOF", at: word) { return .endOfFile }
        } else if word == start + 1 {
            return .comment
        }
        let keyword = keyword(line, at: word)
        guard keyword != .none else {
            if !isOpenMetrics { return .comment }
            throw Fault(offset: word, expected: "HELP, TYPE, UNIT or EOF")
        }
        var at = isOpenMetrics ? word + 5 : line.skippingBlanks(from: word + 5)
        let name = try scanName(line, &at)
        if isOpenMetrics, !line.has(" ", at: at) {
            throw Fault(offset: at, expected: "a space and a text")
        }
        // The classic text format drops whatever byte stands between the two.
        let text = min(at + 1, line.count)..<line.count
        switch keyword {
        case .help: return .help(name: name, text: try help(line, text))
        case .type: return .type(name: name, try type(line, text))
        case .unit: return .unit(name: name, unit: try unit(line, text, of: name))
        case .none: return .comment
        }
    }

    private enum Keyword { case none, help, type, unit }

    private func keyword(_ line: Span<UInt8>, at: Int) -> Keyword {
        guard at + 4 < line.count, isOpenMetrics ? line[at + 4] == 0x20 : line[at + 4].isBlank
        else { return .none }
        if line.hasWord("HELP", at: at) { return .help }
        if line.hasWord("TYPE", at: at) { return .type }
        return isOpenMetrics && line.hasWord("UNIT", at: at) ? .unit : .none
    }

    private func scanName(_ line: Span<UInt8>, _ at: inout Int) throws(Fault) -> String {
        let start = at
        guard line.has("\"", at: at) else {
            at = line.endOfName(from: at, colons: true)
            guard at > start else { throw Fault(offset: start, expected: "a metric name") }
            return line.text(start..<at) ?? ""
        }
        guard let end = line.endOfQuoted(from: at) else {
            throw Fault(offset: at, expected: "a double quote that ends this name")
        }
        guard let name = line.unescaped(at + 1..<end - 1, quotes: true), !name.isEmpty else {
            throw Fault(offset: at + 1, expected: "a name: UTF-8 text that is not empty")
        }
        at = end
        return name
    }

    private func help(_ line: Span<UInt8>, _ text: Range<Int>) throws(Fault) -> String {
        guard let help = line.unescaped(text, quotes: isOpenMetrics) else {
            throw Fault(offset: text.lowerBound, expected: "UTF-8 text")
        }
        return help
    }

    private func type(_ line: Span<UInt8>, _ text: Range<Int>) throws(Fault) -> MetricType {
        let word = line.text(text) ?? ""
        if !isOpenMetrics {
            switch word {
            case "untyped": return .unknown
            case "counter", "gauge", "histogram", "summary": break
            default:
                throw Fault(
                    offset: text.lowerBound,
                    expected: "a type: counter, gauge, histogram, summary or untyped")
            }
        }
        guard let type = MetricType(rawValue: word) else {
            throw Fault(
                offset: text.lowerBound,
                expected: "a type: "
                    + "counter, gauge, histogram, gaugehistogram, summary, info, stateset or unknown"
            )
        }
        return type
    }

    private func unit(
        _ line: Span<UInt8>, _ text: Range<Int>, of name: String
    ) throws(Fault) -> String {
        guard let unit = line.text(text) else {
            throw Fault(offset: text.lowerBound, expected: "UTF-8 text")
        }
        guard unit.isEmpty || name.hasUnit(unit) else {
            throw Fault(
                offset: text.lowerBound, expected: "a unit that the metric's name ends with")
        }
        return unit
    }
}

extension String {
    /// Whether this name ends with `_` and `unit`.
    func hasUnit(_ unit: String) -> Bool {
        utf8.count > unit.utf8.count && utf8.suffix(unit.utf8.count).elementsEqual(unit.utf8)
            && utf8.dropLast(unit.utf8.count).last == UInt8(ascii: "_")
    }

    /// This name without `suffix`, or `nil` where it does not end so.
    func dropping(suffix: String) -> String? {
        let size = suffix.utf8.count
        guard utf8.count > size, utf8.suffix(size).elementsEqual(suffix.utf8) else { return nil }
        return String(decoding: utf8.dropLast(size), as: UTF8.self)
    }
}
