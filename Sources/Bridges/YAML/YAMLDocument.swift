/// A file that was read: its nodes, and its lines for complaints.
public struct YAMLDocument: Sendable {
    /// The file, as it was named.
    public let file: String
    /// The whole content; `nil` for a file that holds nothing but comments.
    public let root: YAMLNode?
    /// The bytes as they were read, without a byte order mark.
    public let bytes: [UInt8]
    /// What is odd about it but harmless.
    public let warnings: [YAMLComplaint]

    /// The text of a line, counted from 1; empty beyond the end.
    func line(_ number: Int) -> String { Self.line(number, of: bytes) }

    static func line(_ number: Int, of bytes: [UInt8]) -> String {
        var rest = bytes[...]
        for _ in 1..<max(1, number) {
            guard let end = rest.firstIndex(of: UInt8(ascii: "\n")) else { return "" }
            rest = rest[(end + 1)...]
        }
        let line = rest.prefix { $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\r") }
        return String(decoding: line.prefix(4096), as: UTF8.self)
    }
}
