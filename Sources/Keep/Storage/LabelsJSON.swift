import Model

/// Label sets as the objects that PostgreSQL keeps.
enum LabelsJSON {
    /// All of `labels` but the metric's name.
    ///
    /// PostgreSQL has no character of number 0; the one for what cannot be shown takes its place.
    static func text(of labels: Labels) -> String {
        var bytes: [UInt8] = [UInt8(ascii: "{")]
        for label in labels where !label.name.hasSameBytes(as: LabelName.metric) {
            if bytes.count > 1 { bytes.append(UInt8(ascii: ",")) }
            append(label.name, to: &bytes)
            bytes.append(UInt8(ascii: ":"))
            append(label.value, to: &bytes)
        }
        bytes.append(UInt8(ascii: "}"))
        return String(decoding: bytes, as: UTF8.self)
    }

    /// `text` as PostgreSQL can hold it.
    static func storable(_ text: String) -> String {
        guard text.utf8.contains(0) else { return text }
        return String(
            String.UnicodeScalarView(text.unicodeScalars.map { $0 == "\0" ? "\u{FFFD}" : $0 }))
    }

    private static func append(_ text: String, to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                bytes.append(UInt8(ascii: "\\"))
                bytes.append(byte)
            case 0: bytes += [0xef, 0xbf, 0xbd]
            case 1..<0x20:
                let digits = Array("0123456789abcdef".utf8)
                bytes += Array("\\u00".utf8)
                bytes += [digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    /// Reads what `text(of:)` wrote, or PostgreSQL in its place; `nil` for anything else.
    static func labels(_ text: String, metric: String) -> Labels? {
        var reader = Reader(bytes: Array(text.utf8))
        guard var labels = reader.read() else { return nil }
        if !metric.isEmpty { labels.append(Label(LabelName.metric, metric)) }
        labels.sort { $0.name.isBytewiseLess(than: $1.name) }
        return Labels(inOrder: labels)
    }

    private struct Reader {
        let bytes: [UInt8]
        var at = 0

        mutating func read() -> [Label]? {
            var labels: [Label] = []
            guard take("{") else { return nil }
            if take("}") { return labels }
            while true {
                guard let name = string(), take(":"), let value = string() else { return nil }
                labels.append(Label(name, value))
                if take("}") { return labels }
                guard take(",") else { return nil }
            }
        }

        private mutating func take(_ sign: Unicode.Scalar) -> Bool {
            while at < bytes.count, bytes[at] == 0x20 { at += 1 }
            guard at < bytes.count, bytes[at] == UInt8(ascii: sign) else { return false }
            at += 1
            return true
        }

        private mutating func string() -> String? {
            guard take("\"") else { return nil }
            let start = at
            while at < bytes.count, bytes[at] != UInt8(ascii: "\""), bytes[at] != UInt8(ascii: "\\")
            {
                at += 1
            }
            guard at < bytes.count else { return nil }
            if bytes[at] == UInt8(ascii: "\"") {
                defer { at += 1 }
                return String(decoding: bytes[start..<at], as: UTF8.self)
            }
            return escaped(Array(bytes[start..<at]))
        }

        private mutating func escaped(_ begin: [UInt8]) -> String? {
            var text = begin
            while at < bytes.count {
                let byte = bytes[at]
                at += 1
                if byte == UInt8(ascii: "\"") { return String(decoding: text, as: UTF8.self) }
                guard byte == UInt8(ascii: "\\") else {
                    text.append(byte)
                    continue
                }
                guard at < bytes.count else { return nil }
                let letter = bytes[at]
                at += 1
                switch letter {
                case UInt8(ascii: "n"): text.append(0x0a)
                case UInt8(ascii: "t"): text.append(0x09)
                case UInt8(ascii: "r"): text.append(0x0d)
                case UInt8(ascii: "b"): text.append(0x08)
                case UInt8(ascii: "f"): text.append(0x0c)
                case UInt8(ascii: "u"):
                    guard at + 4 <= bytes.count,
                        let number = UInt32(
                            String(decoding: bytes[at..<at + 4], as: UTF8.self), radix: 16),
                        let scalar = Unicode.Scalar(number)
                    else { return nil }
                    at += 4
                    text += Array(String(scalar).utf8)
                default: text.append(letter)
                }
            }
            return nil
        }
    }
}
