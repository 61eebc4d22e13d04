import Exposition
import Model

/// Writes JSON as it goes, without building a tree, byte for byte as Go's encoder escapes it.
///
/// The caller opens and closes in pairs; commas are set here.
public struct JSONWriter: Sendable {
    /// What has been written.
    public private(set) var bytes: [UInt8] = []
    // Whether a value stands before the next one in the innermost object or list.
    private var needsComma = false

    /// Nothing yet.
    public init() {}

    /// Begins an object.
    public mutating func beginObject() { begin(UInt8(ascii: "{")) }
    /// Ends an object.
    public mutating func endObject() { end(UInt8(ascii: "}")) }
    /// Begins a list.
    public mutating func beginList() { begin(UInt8(ascii: "[")) }
    /// Ends a list.
    public mutating func endList() { end(UInt8(ascii: "]")) }

    /// The name of the member whose value comes next.
    public mutating func key(_ name: String) {
        string(name)
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    /// A text.
    public mutating func string(_ text: String) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        if text.utf8.allSatisfy(Self.isPlain) {
            bytes.append(contentsOf: text.utf8)
        } else {
            for scalar in text.unicodeScalars { append(scalar) }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    /// Whether a byte stands for itself: ASCII that Go's encoder does not escape.
    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "<"), UInt8(ascii: ">"),
            UInt8(ascii: "&"):
            false
        default: (0x20..<0x7f).contains(byte)
        }
    }

    /// What `write` appends, as one value or as several with their commas.
    mutating func append(_ write: (inout [UInt8]) -> Void) {
        separate()
        write(&bytes)
    }

    /// What `write` appends as it is, for answers that are not JSON.
    mutating func line(_ write: (inout [UInt8]) -> Void) { write(&bytes) }

    /// Ends a line of which each is a value of its own.
    mutating func endLine() {
        bytes.append(UInt8(ascii: "\n"))
        needsComma = false
    }

    /// A whole number.
    public mutating func number(_ value: Int64) { raw("\(value)") }

    /// A sample's value, which is a text in Prometheus's answers.
    public mutating func sampleValue(_ value: Double) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        FloatText.appendPlain(value, to: &bytes)
        bytes.append(UInt8(ascii: "\""))
    }

    /// A finite number.
    mutating func plain(_ value: Double) {
        separate()
        FloatText.appendPlain(value, to: &bytes)
    }

    /// A time as seconds, with milliseconds where it has any.
    mutating func seconds(_ time: Timestamp) {
        separate()
        FloatText.appendSeconds(time.milliseconds, to: &bytes)
    }

    /// What was written so far, which is forgotten here: for answers that leave in pieces.
    mutating func take(reserving count: Int = 0) -> [UInt8] {
        var taken: [UInt8] = []
        taken.reserveCapacity(count)
        swap(&taken, &bytes)
        return taken
    }

    /// `true` or `false`.
    public mutating func bool(_ value: Bool) { raw(value ? "true" : "false") }

    /// `null`.
    public mutating func null() { raw("null") }

    /// A member that is a text.
    public mutating func member(_ name: String, _ text: String) {
        key(name)
        string(text)
    }

    /// A list of texts.
    public mutating func strings(_ texts: some Sequence<String>) {
        beginList()
        for text in texts { string(text) }
        endList()
    }

    private mutating func raw(_ text: String) {
        separate()
        bytes.append(contentsOf: text.utf8)
    }

    private mutating func begin(_ bracket: UInt8) {
        separate()
        bytes.append(bracket)
        needsComma = false
    }

    private mutating func end(_ bracket: UInt8) {
        bytes.append(bracket)
        needsComma = true
    }

    private mutating func separate() {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
        needsComma = true
    }

    private static let hexDigits = Array("0123456789abcdef".utf8)

    private mutating func append(_ scalar: Unicode.Scalar) {
        switch scalar {
        case "\"": bytes += [0x5c, 0x22]
        case "\\": bytes += [0x5c, 0x5c]
        case "\n": bytes.append(contentsOf: "\\n".utf8)
        case "\r": bytes.append(contentsOf: "\\r".utf8)
        case "\t": bytes.append(contentsOf: "\\t".utf8)
        // Go escapes what would end a script in a page, and what ends a line in JavaScript.
        case "<", ">", "&", "\u{2028}", "\u{2029}": escape(scalar.value)
        case _ where scalar.value < 0x20: escape(scalar.value)
        case _ where scalar.isASCII: bytes.append(UInt8(scalar.value))
        default: bytes.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
        }
    }

    private mutating func escape(_ value: UInt32) {
        bytes += [0x5c, 0x75]
        for shift in [UInt32(12), 8, 4, 0] {
            bytes.append(Self.hexDigits[Int(value >> shift) & 15])
        }
    }
}
