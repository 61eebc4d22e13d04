/// The texts, numbers and flags that stand directly in a JSON object; what nests is passed over.
struct JSONFields {
    private(set) var values: [String: String] = [:]
    private var bytes: ArraySlice<UInt8>

    /// `nil` where `bytes` are no JSON object.
    init?(_ bytes: [UInt8]) {
        self.bytes = bytes[...]
        guard object(depth: 0, isOuter: true) else { return nil }
        blank()
        guard self.bytes.isEmpty else { return nil }
    }

    private mutating func object(depth: Int, isOuter: Bool) -> Bool {
        guard depth < 64, take("{") else { return false }
        if take("}") { return true }
        repeat {
            guard let name = text(), take(":") else { return false }
            blank()
            let start = bytes
            if let value = text() {
                if isOuter { values[name] = value }
            } else {
                bytes = start
                guard let word = value(depth: depth + 1) else { return false }
                if isOuter, let word, word != "null" { values[name] = word }
            }
        } while take(",")
        return take("}")
    }

    /// A word or a number; an inner `nil` for what nests; `nil` for what is no JSON.
    private mutating func value(depth: Int) -> String?? {
        switch bytes.first {
        case UInt8(ascii: "{"): return object(depth: depth, isOuter: false) ? .some(nil) : nil
        case UInt8(ascii: "["):
            guard depth < 64, take("[") else { return nil }
            if take("]") { return .some(nil) }
            repeat {
                blank()
                let start = bytes
                if text() == nil {
                    bytes = start
                    guard value(depth: depth + 1) != nil else { return nil }
                }
            } while take(",")
            return take("]") ? .some(nil) : nil
        default:
            let word = bytes.prefix {
                (48...57).contains($0) || (97...122).contains($0) || $0 == 69
                    || "+-.".utf8.contains($0)
            }
            guard !word.isEmpty else { return nil }
            bytes = bytes.dropFirst(word.count)
            return .some(String(decoding: word, as: UTF8.self))
        }
    }

    private mutating func text() -> String? {
        guard take("\"") else { return nil }
        var units: [UInt8] = []
        while let byte = bytes.popFirst() {
            switch byte {
            case UInt8(ascii: "\""): return String(decoding: units, as: UTF8.self)
            case UInt8(ascii: "\\"):
                guard let letter = escaped() else { return nil }
                units += letter
            case 0..<32: return nil
            default: units.append(byte)
            }
        }
        return nil
    }

    private mutating func escaped() -> [UInt8]? {
        switch bytes.popFirst() {
        case UInt8(ascii: "n"): return [10]
        case UInt8(ascii: "t"): return [9]
        case UInt8(ascii: "r"): return [13]
        case UInt8(ascii: "b"): return [8]
        case UInt8(ascii: "f"): return [12]
        case UInt8(ascii: "u"):
            guard var code = hex() else { return nil }
            if (0xD800..<0xDC00).contains(code), bytes.starts(with: "\\u".utf8) {
                bytes = bytes.dropFirst(2)
                guard let low = hex(), (0xDC00..<0xE000).contains(low) else { return nil }
                code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
            }
            return Unicode.Scalar(code).map { Array(String(Character($0)).utf8) }
        case let byte?: return "\"\\/".utf8.contains(byte) ? [byte] : nil
        case nil: return nil
        }
    }

    private mutating func hex() -> UInt32? {
        let digits = bytes.prefix(4)
        guard digits.count == 4 else { return nil }
        bytes = bytes.dropFirst(4)
        return UInt32(String(decoding: digits, as: UTF8.self), radix: 16)
    }

    private mutating func take(_ mark: Unicode.Scalar) -> Bool {
        blank()
        guard bytes.first == UInt8(ascii: mark) else { return false }
        bytes = bytes.dropFirst()
        return true
    }

    private mutating func blank() {
        bytes = bytes.drop { $0 == 32 || (9...13).contains($0) }
    }
}
