/// Writes the documentation of a block and of all blocks inside it, as Markdown.
public enum YAMLReference {
    /// One section per block, each once, in the order in which they are first named.
    public static func markdown(_ shape: YAMLShape, level: Int = 3) -> String {
        var seen: Set<String> = []
        var sections: [String] = []
        write(shape, level: level, seen: &seen, into: &sections)
        return sections.joined(separator: "\n")
    }

    private static func write(
        _ shape: YAMLShape, level: Int, seen: inout Set<String>, into sections: inout [String]
    ) {
        guard seen.insert(shape.name).inserted else { return }
        var text = String(repeating: "#", count: level) + " \(shape.name)\n\n\(shape.summary)\n\n"
        text += "| field | value | default | Weir | what it does |\n|---|---|---|---|---|\n"
        for field in shape.fields { text += row(field) }
        sections.append(text)
        for field in shape.fields { write(field.kind, level: level, seen: &seen, into: &sections) }
    }

    private static func write(
        _ kind: YAMLKind, level: Int, seen: inout Set<String>, into sections: inout [String]
    ) {
        switch kind {
        case .block(let shape): write(shape, level: level, seen: &seen, into: &sections)
        case .list(let kind), .map(let kind):
            write(kind, level: level, seen: &seen, into: &sections)
        default: break
        }
    }

    private static func row(_ field: YAMLFieldShape) -> String {
        let standard = field.isRequired ? "required" : field.standard.map { "`\($0)`" } ?? ""
        let support =
            switch field.support {
            case .honoured: "honoured"
            case .warned(let reason): "ignored with a warning: \(reason)"
            case .refused(let reason): "refused: \(reason)"
            }
        let cells = ["`\(field.name)`", field.kind.name, standard, support, field.summary]
        let row = cells.map { $0.split(separator: "|").joined(separator: "\\|") }
        return "| \(row.joined(separator: " | ")) |\n"
    }
}
