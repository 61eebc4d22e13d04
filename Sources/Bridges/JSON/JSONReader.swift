/// Reads JSON within bounded time and memory.
public enum JSONReader {
    /// The value that `bytes` are, alone but for blanks around it.
    ///
    /// Of two members with one name the later counts, as in Go. A whole number that 64 bits do not
    /// hold becomes a `double`; a number that a `double` does not hold is refused.
    public static func read(
        _ bytes: [UInt8], limits: JSONLimits = JSONLimits()
    ) throws(JSONError) -> JSONValue {
        guard bytes.count <= limits.bytes else {
            throw .tooLarge(bytes: bytes.count, limit: limits.bytes)
        }
        try checkDepth(of: bytes, limit: limits.depth)
        do throws(JSONError) {
            return try JSONDocument(bytes, wholeNumbersAsDoubles: false).value
        } catch {
            guard case .syntax(_, _, let reason) = error, reason.hasPrefix(tooBigInteger) else {
                throw error
            }
            return try JSONDocument(bytes, wholeNumbersAsDoubles: true).value
        }
    }

    private static let tooBigInteger = "too big"

    /// Before anything is built, since what nests is read by recursion.
    private static func checkDepth(of bytes: [UInt8], limit: Int) throws(JSONError) {
        var (depth, line, lineStart) = (0, 1, 0)
        var (isText, isEscaped) = (false, false)
        for index in bytes.indices {
            let byte = bytes[index]
            if isText {
                if isEscaped {
                    isEscaped = false
                } else if byte == UInt8(ascii: "\\") {
                    isEscaped = true
                } else if byte == UInt8(ascii: "\"") {
                    isText = false
                }
                continue
            }
            switch byte {
            case UInt8(ascii: "\""): isText = true
            case UInt8(ascii: "\n"): (line, lineStart) = (line + 1, index + 1)
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                depth += 1
                guard depth <= limit else {
                    throw .tooDeep(line: line, column: index - lineStart + 1, limit: limit)
                }
            case UInt8(ascii: "}"), UInt8(ascii: "]"): depth -= 1
            default: break
            }
        }
    }
}
