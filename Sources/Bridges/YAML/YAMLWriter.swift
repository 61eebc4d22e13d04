/// Prints nodes as YAML that reads as the same nodes.
public enum YAMLWriter {
    /// The text of a whole file.
    public static func text(_ node: YAMLNode) -> String {
        var out = ""
        switch node.content {
        case .map(let entries) where entries.isEmpty: return "{}\n"
        case .list(let items) where items.isEmpty: return "[]\n"
        case .scalar: return "\(node.inline ?? "null")\n"
        default: write(node, indent: 0, into: &out)
        }
        return out
    }

    private static func write(_ node: YAMLNode, indent: Int, into out: inout String) {
        let margin = String(repeating: " ", count: indent)
        switch node.content {
        case .scalar: out += margin + (node.inline ?? "null") + "\n"
        case .map(let entries):
            for entry in entries {
                out += margin + YAMLNode.text(entry.name).scalarText + ":"
                writeValue(entry.value, indent: indent, into: &out)
            }
        case .list(let items):
            for item in items { writeItem(item, indent: indent, into: &out) }
        }
    }

    private static func writeValue(_ node: YAMLNode, indent: Int, into out: inout String) {
        if let inline = node.inlineIfShort {
            out += " " + inline + "\n"
            return
        }
        out += "\n"
        // Prometheus writes lists at the column of their name.
        if case .list = node.content {
            write(node, indent: indent, into: &out)
        } else {
            write(node, indent: indent + 2, into: &out)
        }
    }

    private static func writeItem(_ node: YAMLNode, indent: Int, into out: inout String) {
        let margin = String(repeating: " ", count: indent)
        if let inline = node.inlineIfShort {
            out += margin + "- " + inline + "\n"
            return
        }
        var inner = ""
        write(node, indent: indent + 2, into: &inner)
        out += margin + "- " + inner.dropFirst(indent + 2)
    }
}

extension YAMLNode {
    /// On one line where it is a scalar or empty.
    fileprivate var inlineIfShort: String? {
        switch content {
        case .scalar: scalarText
        case .list(let items): items.isEmpty ? "[]" : nil
        case .map(let entries): entries.isEmpty ? "{}" : nil
        }
    }

    /// The whole node on one line, for tables; `nil` where it says nothing.
    public var inline: String? {
        switch content {
        case .scalar(let scalar): scalar.text.isEmpty ? nil : scalarText
        case .list(let items):
            items.isEmpty ? nil : "[" + items.compactMap(\.inline).joined(separator: ", ") + "]"
        case .map(let entries):
            entries.isEmpty
                ? nil
                : "{"
                    + entries.map { "\($0.name): \($0.value.inline ?? "")" }.joined(separator: ", ")
                    + "}"
        }
    }

    /// Whether it is nothing, zero, or holds nothing.
    var isEmptyish: Bool {
        switch content {
        case .scalar(let scalar): ["", "0", "0s", "0B"].contains(scalar.text)
        case .list(let items): items.isEmpty
        case .map(let entries): entries.isEmpty
        }
    }

    fileprivate var scalarText: String {
        guard case .scalar(let scalar) = content else { return "" }
        return scalar.isPlain || Self.isSafe(scalar) ? scalar.text : Self.quoted(scalar.text)
    }

    private static func isSafe(_ scalar: YAMLScalar) -> Bool {
        let text = scalar.text
        guard let first = text.utf8.first, let last = text.utf8.last, !scalar.looksLikeMore else {
            return false
        }
        guard first > 0x20, last != 0x20, last != UInt8(ascii: ":") else { return false }
        guard !"!&*-?|>@`\"'%#{}[],:=~".utf8.contains(first) || text.hasPrefix("-") && false else {
            return false
        }
        var previous: UInt8 = 0
        for byte in text.utf8 {
            if byte < 0x20 || byte == 0x7f { return false }
            if previous == UInt8(ascii: ":"), byte == 0x20 { return false }
            if previous == 0x20, byte == UInt8(ascii: "#") { return false }
            previous = byte
        }
        return text != "<<"
    }

    private static func quoted(_ text: String) -> String {
        var out = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": out += "\\\""
            case "\\": out += "\\\\"
            case "\n": out += "\\n"
            case "\t": out += "\\t"
            case "\r": out += "\\r"
            case _ where scalar.value < 0x20 || scalar.value == 0x7f:
                let digits = String(scalar.value, radix: 16)
                out += "\\x" + (digits.utf8.count == 1 ? "0" : "") + digits
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out + "\""
    }
}
