import Model

/// A value of a series in a script: nothing, a number or a histogram.
enum ScriptValue {
    case absent
    case float(Double)
    /// `isHintTold` where the script says what the hint has to be.
    case histogram(FloatHistogram, isHintTold: Bool)

    /// The value as scripts write it.
    var text: String {
        switch self {
        case .absent: "_"
        case .float(let value): value.isStaleMarker ? "stale" : NumberText.general(value)
        case .histogram(let histogram, _): histogram.scriptText
        }
    }
}

/// A line of a script: a series and its values, one after another.
struct SeriesLine {
    var labels: Labels
    var values: [ScriptValue]

    /// Reads `metric{label="value"} 1 2+3x4 _ stale {{count:5}}`.
    init(_ text: String) throws(ScriptFault) {
        let (labels, rest) = try Self.metric(text)
        self.labels = labels
        var reader = ValueReader(rest)
        values = try reader.values()
    }

    /// The metric at the beginning of `text`, and what stands behind it.
    static func metric(_ text: String) throws(ScriptFault) -> (Labels, Substring) {
        do {
            var lexer = Lexer(text)
            let first = try lexer.next()
            if first.kind != .leftBrace, !first.kind.canNameMetric {
                throw ScriptFault("expected a metric in \(quoted(text))")
            }
            var end = first.position.end
            let hasBraces = lexer.isAhead("{") || first.kind == .leftBrace
            if hasBraces {
                var token = first
                while token.kind != .rightBrace { token = try lexer.next() }
                end = token.position.end
            }
            let bytes = lexer.bytes
            let selector = String(decoding: bytes[..<end], as: UTF8.self)
            let rest = String(decoding: bytes[end...], as: UTF8.self)
            return (try labels(of: selector), rest[...])
        } catch let fault as ParseFault {
            throw ScriptFault("cannot read the series \(quoted(text)): \(fault.message)")
        } catch let fault as ScriptFault {
            throw fault
        } catch {
            throw ScriptFault("cannot read the series \(quoted(text)): \(error)")
        }
    }

    private static func labels(of selector: String) throws(PromQLError) -> Labels {
        var builder = LabelsBuilder()
        for matcher in try Parser(.all).selector(selector) {
            guard matcher.operation == .equal else {
                throw .execution("a series has labels, not conditions")
            }
            builder[matcher.name] = matcher.value
        }
        return Labels(builder)
    }
}

/// Reads the values of a series.
private struct ValueReader {
    private var rest: Substring

    init(_ text: Substring) { rest = text }

    mutating func values() throws(ScriptFault) -> [ScriptValue] {
        var values: [ScriptValue] = []
        while true {
            rest = rest.drop { $0 == " " || $0 == "\t" }
            if rest.isEmpty { return values }
            if rest.hasPrefix("{{") {
                try histograms(into: &values)
            } else {
                let word = rest.prefix { $0 != " " && $0 != "\t" }
                rest = rest[word.endIndex...]
                try floats(word, into: &values)
            }
        }
    }

    private mutating func floats(
        _ word: Substring, into values: inout [ScriptValue]
    ) throws(ScriptFault) {
        var part = word
        if part.first == "_" {
            part.removeFirst()
            let count = part.isEmpty ? 1 : try repetitions(&part)
            try expectEnd(part, of: word)
            values += Array(repeating: .absent, count: count)
            return
        }
        if word == "stale" {
            values.append(.float(StaleMarker.value))
            return
        }
        var value = try number(&part, of: word)
        var step = 0.0
        if part.first == "+" || part.first == "-" { step = try number(&part, of: word) }
        // `5x3` is four values: the first, and three more.
        let count = part.isEmpty ? 0 : try repetitions(&part)
        try expectEnd(part, of: word)
        for _ in 0...count {
            values.append(.float(value))
            value += step
        }
    }

    private mutating func histograms(into values: inout [ScriptValue]) throws(ScriptFault) {
        let (first, isTold) = try histogram()
        let sign = rest.first
        guard sign == "+" || sign == "-" || sign == "x" else {
            values.append(.histogram(first, isHintTold: isTold))
            return
        }
        var step: (FloatHistogram, Bool)?
        if sign != "x" {
            rest.removeFirst()
            step = try histogram()
        }
        let count = try repetitions(&rest)
        var current = first
        for _ in 0...count {
            values.append(.histogram(current, isHintTold: step?.1 ?? isTold))
            guard let step else { continue }
            let hint = current.resetHint
            guard current.schema <= step.0.schema,
                var sum = current.combined(with: step.0, isSum: sign == "+")?.histogram
            else { throw ScriptFault("these histograms cannot be combined") }
            if sign == "-" { sum.resetHint = hint }
            current = sum
        }
    }

    private mutating func histogram() throws(ScriptFault) -> (FloatHistogram, Bool) {
        guard rest.hasPrefix("{{"), let end = rest.range(of: "}}") else {
            throw ScriptFault("expected a histogram in {{ }}")
        }
        let text = rest[rest.index(rest.startIndex, offsetBy: 2)..<end.lowerBound]
        rest = rest[end.upperBound...]
        return try FloatHistogram.read(text)
    }

    private func repetitions(_ part: inout Substring) throws(ScriptFault) -> Int {
        guard part.first == "x" else { throw ScriptFault("expected x and a number: \(part)") }
        part.removeFirst()
        let digits = part.prefix { $0.isASCII && $0.isNumber }
        guard let count = Int(digits), count <= 10_000_000 else {
            throw ScriptFault("not a number of repetitions: \(part)")
        }
        part = part[digits.endIndex...]
        return count
    }

    private func number(
        _ part: inout Substring, of word: Substring
    ) throws(ScriptFault) -> Double {
        var end = part.startIndex
        if end < part.endIndex, part[end] == "+" || part[end] == "-" {
            end = part.index(after: end)
        }
        var last: Character?
        while end < part.endIndex {
            let character = part[end]
            if character == "x" { break }
            if character == "+" || character == "-", last != "e", last != "E" { break }
            last = character
            end = part.index(after: end)
        }
        guard let value = Double(scriptNumber: part[..<end]) else {
            throw ScriptFault("not a value: \(word)")
        }
        part = part[end...]
        return value
    }

    private func expectEnd(_ part: Substring, of word: Substring) throws(ScriptFault) {
        guard part.isEmpty else { throw ScriptFault("not a value: \(word)") }
    }
}

extension Substring {
    /// Where `text` stands in it first.
    fileprivate func range(of text: String) -> Range<Index>? {
        var start = startIndex
        while start < endIndex {
            if self[start...].hasPrefix(text) {
                return start..<index(start, offsetBy: text.count)
            }
            start = index(after: start)
        }
        return nil
    }
}

extension Double {
    /// A number as scripts write it, with a sign; whole numbers may be hexadecimal or octal.
    init?(scriptNumber text: Substring) {
        var digits = text.lowercased()[...]
        var sign = 1.0
        if let first = digits.first, first == "+" || first == "-" {
            sign = first == "-" ? -1 : 1
            digits.removeFirst()
        }
        guard let first = digits.utf8.first,
            first.isDigit || first == UInt8(ascii: ".") || digits == "inf" || digits == "nan",
            !digits.hasPrefix("0x"), let value = Double(digits)
        else { return nil }
        self = digits == "nan" ? Double(bitPattern: StaleMarker.ordinaryNaNBits) : sign * value
    }
}
