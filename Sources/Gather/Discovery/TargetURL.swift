import Model

/// The URL of a target, byte for byte as Prometheus writes it.
enum TargetURL {
    /// The URL that `labels` describe; of each of `params` a label stands for the first value.
    static func text(of labels: Labels, params: [String: [String]]) -> String {
        var text = labels[LabelName.scheme]
        if !text.isEmpty { text += ":" }
        text += "//" + labels[LabelName.address]
        let path = labels[LabelName.metricsPath]
        if !path.isEmpty, path.utf8.first != UInt8(ascii: "/") { text += "/" }
        escape(path, keeping: pathMarks, into: &text)
        var query = params
        let prefix = LabelName.parameterPrefix
        for label in labels where label.name.hasPrefix(prefix) {
            let name = String(label.name.dropFirst(prefix.utf8.count))
            if query[name]?.isEmpty == false {
                query[name]?[0] = label.value
            } else {
                query[name] = [label.value]
            }
        }
        return query.isEmpty ? text : text + written(query)
    }

    private static func written(_ query: [String: [String]]) -> String {
        var text = ""
        for (name, values) in query.sorted(by: { $0.key.isBytewiseLess(than: $1.key) }) {
            for value in values {
                text += text.isEmpty ? "?" : "&"
                escape(name, keeping: [], isForm: true, into: &text)
                text += "="
                escape(value, keeping: [], isForm: true, into: &text)
            }
        }
        return text
    }

    private static let pathMarks = Set("$&+,/:;=@".utf8)
    private static let digits = Array("0123456789ABCDEF".utf8)

    private static func escape(
        _ part: String, keeping marks: Set<UInt8>, isForm: Bool = false, into text: inout String
    ) {
        if part.utf8.allSatisfy({ isPlain($0) || marks.contains($0) }) {
            text += part
            return
        }
        var bytes: [UInt8] = []
        for byte in part.utf8 {
            if isPlain(byte) || marks.contains(byte) {
                bytes.append(byte)
            } else if isForm, byte == UInt8(ascii: " ") {
                bytes.append(UInt8(ascii: "+"))
            } else {
                bytes += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        text += String(decoding: bytes, as: UTF8.self)
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"),
            UInt8(ascii: "."), UInt8(ascii: "~"):
            true
        default: false
        }
    }
}
