import HTTPFetch

/// URLs of questions to servers: a base, a path and a query.
struct SourceURL {
    private var text: String
    private var hasQuery = false

    /// `base`, with or without a `/` at its end, and `path`, which begins with one.
    init(_ base: String, _ path: String) {
        text = base.hasSuffix("/") ? String(base.dropLast()) : base
        text += path
    }

    /// Adds a parameter.
    mutating func add(_ name: String, _ value: String) {
        text += (hasQuery ? "&" : "?") + Self.escaped(name) + "=" + Self.escaped(value)
        hasQuery = true
    }

    /// Adds a parameter unless it is empty.
    mutating func addFilled(_ name: String, _ value: String) {
        if !value.isEmpty { add(name, value) }
    }

    /// What can be fetched.
    func address() throws(HTTPFetchError) -> HTTPAddress { try HTTPAddress(text) }

    /// `text` with everything but letters, digits and `-._~` percent-encoded, as in a part of a path.
    static func escaped(_ text: String) -> String {
        var result: [UInt8] = []
        let digits = Array("0123456789ABCDEF".utf8)
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
                UInt8(ascii: "_"), UInt8(ascii: "~"):
                result.append(byte)
            default:
                result += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: result, as: UTF8.self)
    }
}
