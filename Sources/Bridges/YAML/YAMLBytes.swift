import Glibc

/// What can be wrong with a file before it is YAML.
enum YAMLBytes {
    struct Fault {
        let mark: YAMLMark
        let problem: String
        let remedy: String
    }

    /// The first byte that no YAML file may hold.
    static func firstFault(in bytes: [UInt8]) -> Fault? {
        if bytes.starts(with: [0xff, 0xfe]) || bytes.starts(with: [0xfe, 0xff]) {
            return Fault(
                mark: .start, problem: "the file is UTF-16", remedy: "save it as UTF-8")
        }
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            if byte >= 0x20 && byte < 0x7f || byte == 0x0a || byte == 0x0d || byte == 0x09 {
                index += 1
                continue
            }
            if byte < 0x80 {
                let name = byte == 0 ? "a NUL byte" : "the control character \(hex(byte))"
                return Fault(
                    mark: mark(of: index, in: bytes), problem: "the file holds \(name)",
                    remedy: "remove it, or write it as \"\\x\(hex(byte).suffix(2))\" in a text")
            }
            let length = sequenceLength(at: index, in: bytes)
            guard length > 0 else {
                return Fault(
                    mark: mark(of: index, in: bytes),
                    problem: "the byte \(hex(byte)) is not UTF-8", remedy: "save the file as UTF-8")
            }
            index += length
        }
        return nil
    }

    private static func hex(_ byte: UInt8) -> String {
        let digits = String(byte, radix: 16, uppercase: true)
        return "0x" + (digits.utf8.count == 1 ? "0" : "") + digits
    }

    /// How many bytes form the character at `index`; 0 where they form none.
    private static func sequenceLength(at index: Int, in bytes: [UInt8]) -> Int {
        let length =
            switch bytes[index] {
            case 0xc2...0xdf: 2
            case 0xe0...0xef: 3
            case 0xf0...0xf4: 4
            default: 0
            }
        guard length > 0, index + length <= bytes.count else { return 0 }
        let rest = bytes[(index + 1)..<(index + length)]
        guard rest.allSatisfy({ $0 & 0xc0 == 0x80 }) else { return 0 }
        let second = bytes[index + 1]
        switch bytes[index] {
        case 0xe0 where second < 0xa0, 0xed where second > 0x9f: return 0
        case 0xf0 where second < 0x90, 0xf4 where second > 0x8f: return 0
        default: return length
        }
    }

    private static func mark(of index: Int, in bytes: [UInt8]) -> YAMLMark {
        let before = bytes[..<index]
        let lines = before.count { $0 == 0x0a }
        let start = before.lastIndex(of: 0x0a).map { $0 + 1 } ?? 0
        let column = before[start...].count { $0 & 0xc0 != 0x80 }
        return YAMLMark(line: lines + 1, column: column + 1)
    }

    /// The bytes of a file, one more than `limit` at most.
    static func contents(of path: String, limit: Int) throws(YAMLError) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .unreadable(file: path, reason: reason()) }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 1 << 16)
        while bytes.count <= limit {
            let count = Glibc.read(descriptor, &piece, piece.count)
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw .unreadable(file: path, reason: reason()) }
            guard count > 0 else { break }
            bytes += piece[..<count]
        }
        return bytes
    }

    private static func reason() -> String { String(cString: strerror(errno)).lowercased() }
}
