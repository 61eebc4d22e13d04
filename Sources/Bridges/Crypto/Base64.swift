/// Bytes as text in 64 characters, as RFC 4648 has it.
public enum Base64: Sendable, Hashable {
    /// With `+` and `/`, and filled up with `=`.
    case standard
    /// With `-` and `_`, and not filled up: fit for URLs and tokens.
    case url

    /// `bytes` as text.
    public func encode(_ bytes: [UInt8]) -> String {
        let alphabet = characters
        var text: [UInt8] = []
        text.reserveCapacity((bytes.count + 2) / 3 * 4)
        var start = 0
        while start < bytes.count {
            let here = min(3, bytes.count - start)
            var word: UInt32 = 0
            for offset in 0..<3 {
                word = word << 8 | (offset < here ? UInt32(bytes[start + offset]) : 0)
            }
            for place in 0...here {
                text.append(alphabet[Int(word >> UInt32(18 - 6 * place)) & 63])
            }
            if self == .standard {
                for _ in here..<3 { text.append(UInt8(ascii: "=")) }
            }
            start += 3
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// The bytes that `text` stands for, or `nil` where it is not exactly what `encode` writes.
    ///
    /// `url` takes text that is filled up with `=` too, since many tokens are.
    public func decode(_ text: String) -> [UInt8]? {
        var digits = Array(text.utf8)
        let length = digits.count
        while digits.last == UInt8(ascii: "="), digits.count > length - 2 { digits.removeLast() }
        let isFilled = digits.count < length
        guard digits.count % 4 != 1, !(isFilled || self == .standard) || length % 4 == 0 else {
            return nil
        }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(digits.count * 3 / 4)
        var (word, bits) = (UInt32(0), 0)
        for digit in digits {
            guard let value = value(of: digit) else { return nil }
            word = word << 6 | value
            bits += 6
            guard bits >= 8 else { continue }
            bits -= 8
            bytes.append(UInt8(truncatingIfNeeded: word >> UInt32(bits)))
        }
        // Bits that belong to no byte have to be zero, or two texts would mean the same.
        return word & (1 << UInt32(bits) - 1) == 0 ? bytes : nil
    }

    private var characters: [UInt8] {
        let letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
        return Array((letters + (self == .standard ? "+/" : "-_")).utf8)
    }

    private func value(of digit: UInt8) -> UInt32? {
        switch digit {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(digit) - 65
        case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(digit) - 97 + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(digit) - 48 + 52
        case UInt8(ascii: self == .standard ? "+" : "-"): 62
        case UInt8(ascii: self == .standard ? "/" : "_"): 63
        default: nil
        }
    }
}
