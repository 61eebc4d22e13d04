/// Writes the JSON schema of a block, for editors that check while one types.
public enum YAMLSchema {
    /// The schema (draft 2020-12) of a file whose content is `shape`, indented.
    public static func json(_ shape: YAMLShape, title: String) -> String {
        var blocks: [String: YAMLShape] = [:]
        collect(shape, into: &blocks)
        blocks[shape.name] = nil
        var lines = [
            "{", "  \"$schema\": \"https://json-schema.org/draft/2020-12/schema\",",
            "  \"title\": \(quoted(title)),",
        ]
        let definitions = blocks.keys.sorted().compactMap { name in
            blocks[name].map { "    \(quoted(name)): \(object($0, indent: 4))" }
        }
        lines.append("  \"$defs\": {\n" + definitions.joined(separator: ",\n") + "\n  },")
        lines.append(String(object(shape, indent: 0).dropFirst(2)))
        return lines.joined(separator: "\n") + "\n"
    }

    private static func collect(_ shape: YAMLShape, into blocks: inout [String: YAMLShape]) {
        guard blocks[shape.name] == nil else { return }
        blocks[shape.name] = shape
        for field in shape.fields { collect(field.kind, into: &blocks) }
    }

    private static func collect(_ kind: YAMLKind, into blocks: inout [String: YAMLShape]) {
        switch kind {
        case .block(let shape): collect(shape, into: &blocks)
        case .list(let kind), .map(let kind): collect(kind, into: &blocks)
        default: break
        }
    }

    private static func object(_ shape: YAMLShape, indent: Int) -> String {
        let margin = String(repeating: " ", count: indent)
        let fields = shape.fields.map { field in
            "\(margin)    \(quoted(field.name)): \(property(field))"
        }
        let required = shape.fields.filter(\.isRequired).map { quoted($0.name) }
        var parts = [
            "\(margin)  \"type\": [\"object\", \"null\"]",
            "\(margin)  \"description\": \(quoted(shape.summary))",
        ]
        if !required.isEmpty {
            parts.append("\(margin)  \"required\": [\(required.joined(separator: ", "))]")
        }
        parts.append("\(margin)  \"additionalProperties\": false")
        parts.append(
            "\(margin)  \"properties\": {\n\(fields.joined(separator: ",\n"))\n\(margin)  }")
        return "{\n" + parts.joined(separator: ",\n") + "\n\(margin)}"
    }

    private static func property(_ field: YAMLFieldShape) -> String {
        var parts = members(field.kind)
        parts.append("\"description\": \(quoted(field.summary))")
        if let standard = field.standard, let value = json(standard, as: field.kind) {
            parts.append("\"default\": \(value)")
        }
        return "{" + parts.joined(separator: ", ") + "}"
    }

    private static func members(_ kind: YAMLKind) -> [String] {
        let scalar = "\"type\": [\"string\", \"number\", \"boolean\", \"null\"]"
        switch kind {
        case .text(_, let pattern?): return [scalar, "\"pattern\": \(quoted(pattern))"]
        case .text, .secret: return [scalar]
        case .boolean: return ["\"type\": [\"boolean\", \"null\"]"]
        case .whole(let range):
            var parts = ["\"type\": [\"integer\", \"null\"]"]
            if range.lowerBound != Int.min { parts.append("\"minimum\": \(range.lowerBound)") }
            if range.upperBound != Int.max { parts.append("\"maximum\": \(range.upperBound)") }
            return parts
        case .decimal: return ["\"type\": [\"number\", \"null\"]"]
        case .choice(let choices):
            return ["\"enum\": [\(choices.map(quoted).joined(separator: ", ")), null]"]
        case .list(let kind):
            return [
                "\"type\": [\"array\", \"null\"]",
                "\"items\": {\(members(kind).joined(separator: ", "))}",
            ]
        case .map(let kind):
            return [
                "\"type\": [\"object\", \"null\"]",
                "\"additionalProperties\": {\(members(kind).joined(separator: ", "))}",
            ]
        case .block(let shape): return ["\"$ref\": \(quoted("#/$defs/\(shape.name)"))"]
        }
    }

    private static func json(_ standard: String, as kind: YAMLKind) -> String? {
        switch kind {
        case .boolean: ["true", "false"].contains(standard) ? standard : nil
        case .whole: Int(standard).map { "\($0)" }
        case .decimal: Double(standard).map { "\($0)" }
        case .text, .choice: quoted(standard)
        default: nil
        }
    }

    static func quoted(_ text: String) -> String {
        var out = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": out += "\\\""
            case "\\": out += "\\\\"
            case "\n": out += "\\n"
            case _ where scalar.value < 0x20: out += " "
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out + "\""
    }
}
