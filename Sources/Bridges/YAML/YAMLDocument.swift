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

    /// Where each line begins.
    private let starts: [Int32]

    init(file: String, root: YAMLNode?, bytes: [UInt8], warnings: [YAMLComplaint]) {
        self.file = file
        self.root = root
        self.bytes = bytes
        self.warnings = warnings
        var starts: [Int32] = [0]
        for (index, byte) in bytes.enumerated() where byte == UInt8(ascii: "\n") {
            starts.append(Int32(clamping: index + 1))
        }
        self.starts = starts
    }

    /// The text of a line, counted from 1; empty beyond the end.
    func line(_ number: Int) -> String {
        guard starts.indices.contains(number - 1) else { return "" }
        return Self.text(bytes[Int(starts[number - 1])...])
    }

    static func line(_ number: Int, of bytes: [UInt8]) -> String {
        var rest = bytes[...]
        for _ in 1..<max(1, number) {
            guard let end = rest.firstIndex(of: UInt8(ascii: "\n")) else { return "" }
            rest = rest[(end + 1)...]
        }
        return text(rest)
    }

    private static func text(_ rest: ArraySlice<UInt8>) -> String {
        let line = rest.prefix(4096).prefix { $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\r") }
        return String(decoding: line, as: UTF8.self)
    }
}
