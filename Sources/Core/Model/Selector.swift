/// A series selector as people write it: `up{job="api", path=~"/v1/.*"}`.
public struct Selector: Sendable, Hashable, CustomStringConvertible {
    /// The conditions, all of which a series has to meet.
    public let matchers: [Matcher]

    /// The selector of these conditions.
    public init(_ matchers: [Matcher]) { self.matchers = matchers }

    /// Reads a selector; quoted names, single, double and back quotes are understood as in PromQL.
    public init(_ text: String) throws(ModelError) {
        var reader = SelectorReader(text)
        matchers = try reader.read()
    }

    /// The selector as PromQL writes it.
    public var description: String {
        "{" + matchers.map(\.description).joined(separator: ",") + "}"
    }
}

/// Walks over a selector's bytes.
private struct SelectorReader {
    private let text: String
    private let bytes: [UInt8]
    private var at = 0

    init(_ text: String) {
        self.text = text
        bytes = Array(text.utf8)
    }

    mutating func read() throws(ModelError) -> [Matcher] {
        var matchers: [Matcher] = []
        skipBlanks()
        if let name = word(colons: true) {
            matchers.append(Matcher(LabelName.metric, equals: name))
        }
        skipBlanks()
        if at < bytes.count || matchers.isEmpty {
            try expect("{", or: "a metric name or {")
            try readMatchers(into: &matchers)
            skipBlanks()
        }
        guard at == bytes.count else { throw failure("the end") }
        return matchers
    }

    private mutating func readMatchers(into matchers: inout [Matcher]) throws(ModelError) {
        skipBlanks()
        while !take("}") {
            let isQuoted = at < bytes.count && Self.quotes.contains(bytes[at])
            guard let name = isQuoted ? try quoted() : word(colons: false) else {
                throw failure("a label name or }")
            }
            skipBlanks()
            if isQuoted,
                at == bytes.count || bytes[at] == UInt8(ascii: ",")
                    || bytes[at] == UInt8(ascii: "}")
            {
                matchers.append(Matcher(LabelName.metric, equals: name))
            } else {
                matchers.append(try matcher(on: name))
            }
            skipBlanks()
            if take(",") {
                skipBlanks()
            } else if at == bytes.count || bytes[at] != UInt8(ascii: "}") {
                throw failure(", or }")
            }
        }
    }

    private mutating func matcher(on name: String) throws(ModelError) -> Matcher {
        // Longer signs first, so that `=~` is not read as `=`.
        let signs: [Matcher.Operator] = [.matches, .notMatches, .notEqual, .equal]
        guard let sign = signs.first(where: { take($0.rawValue) }) else {
            throw failure("=, !=, =~ or !~")
        }
        skipBlanks()
        let value = try quoted()
        do { return try Matcher(name, sign, value) } catch { throw .pattern(error) }
    }

    private static let quotes: [UInt8] = [UInt8(ascii: "\""), UInt8(ascii: "'"), UInt8(ascii: "`")]

    private mutating func quoted() throws(ModelError) -> String {
        guard at < bytes.count, Self.quotes.contains(bytes[at]) else {
            throw failure("a text in quotes")
        }
        let quote = bytes[at]
        at += 1
        var content: [UInt8] = []
        while at < bytes.count, bytes[at] != quote {
            if bytes[at] == UInt8(ascii: "\\"), quote != UInt8(ascii: "`") {
                try content.append(contentsOf: escape())
            } else {
                content.append(bytes[at])
                at += 1
            }
        }
        guard at < bytes.count else { throw failure("a closing quote") }
        at += 1
        return String(decoding: content, as: UTF8.self)
    }

    private mutating func escape() throws(ModelError) -> [UInt8] {
        at += 1
        guard at < bytes.count else { throw failure("a closing quote") }
        let letter = bytes[at]
        at += 1
        switch letter {
        case UInt8(ascii: "n"): return [0x0a]
        case UInt8(ascii: "t"): return [0x09]
        case UInt8(ascii: "r"): return [0x0d]
        case UInt8(ascii: "a"): return [0x07]
        case UInt8(ascii: "b"): return [0x08]
        case UInt8(ascii: "f"): return [0x0c]
        case UInt8(ascii: "v"): return [0x0b]
        case UInt8(ascii: "\\"), UInt8(ascii: "\""), UInt8(ascii: "'"): return [letter]
        case UInt8(ascii: "x"): return [UInt8(truncatingIfNeeded: try number(digits: 2, radix: 16))]
        case UInt8(ascii: "u"): return try scalar(try number(digits: 4, radix: 16))
        case UInt8(ascii: "U"): return try scalar(try number(digits: 8, radix: 16))
        case UInt8(ascii: "0")...UInt8(ascii: "7"):
            at -= 1
            let value = try number(digits: 3, radix: 8)
            guard value < 256 else { throw failure("an octal escape up to \\377") }
            return [UInt8(value)]
        default:
            at -= 1
            throw failure("a known escape, such as \\n or \\\\")
        }
    }

    private mutating func number(digits: Int, radix: Int) throws(ModelError) -> UInt32 {
        let end = at + digits
        guard end <= bytes.count,
            let value = UInt32(String(decoding: bytes[at..<end], as: UTF8.self), radix: radix)
        else { throw failure("\(digits) digits") }
        at = end
        return value
    }

    private func scalar(_ value: UInt32) throws(ModelError) -> [UInt8] {
        guard let scalar = Unicode.Scalar(value) else { throw failure("a Unicode character") }
        return Array(String(scalar).utf8)
    }

    private mutating func word(colons: Bool) -> String? {
        let start = at
        while at < bytes.count {
            let end = at + 1
            let name = String(decoding: bytes[start..<end], as: UTF8.self)
            let isName =
                colons
                ? NameScheme.legacy.allows(metricName: name)
                : NameScheme.legacy.allows(labelName: name)
            guard isName else { break }
            at = end
        }
        return at == start ? nil : String(decoding: bytes[start..<at], as: UTF8.self)
    }

    private mutating func skipBlanks() {
        while at < bytes.count, [0x20, 0x09, 0x0a, 0x0d].contains(bytes[at]) { at += 1 }
    }

    private mutating func take(_ sign: String) -> Bool {
        guard bytes[at...].starts(with: sign.utf8) else { return false }
        at += sign.utf8.count
        return true
    }

    private mutating func expect(_ sign: String, or expected: String) throws(ModelError) {
        guard take(sign) else { throw failure(expected) }
    }

    private func failure(_ expected: String) -> ModelError {
        .selector(text, at: at, expected: expected)
    }
}
