/// Writes the documentation of a block and of all blocks inside it, as Markdown.
public enum YAMLReference {
    /// One section per block, each once, in the order in which they are first named.
    ///
    /// Blocks that `other` has too are left out: they stand on the same page already.
    public static func markdown(
        _ shape: YAMLShape, level: Int = 3, without other: YAMLShape? = nil
    ) -> String {
        var run = Run(level: level)
        if let other { run.seen = Set(other.blocks.map(\.name)) }
        run.effective = shape.effectiveBlocks
        run.write(shape)
        return run.sections.joined(separator: "\n")
    }

    private struct Run {
        let level: Int
        var seen: Set<String> = []
        var effective: Set<String> = []
        var sections: [String] = []

        init(level: Int) { self.level = level }

        mutating func write(_ shape: YAMLShape) {
            guard seen.insert(shape.name).inserted else { return }
            let isEffective = effective.contains(shape.name)
            var text =
                String(repeating: "#", count: level) + " \(shape.name)\n\n\(shape.summary)\n\n"
            text += "| field | value | default | Weir | what it does |\n|---|---|---|---|---|\n"
            for field in shape.fields { text += row(field, isEffective: isEffective) }
            sections.append(text)
            for block in shape.fields.compactMap(\.kind.block) { write(block) }
        }

        private func row(_ field: YAMLFieldShape, isEffective: Bool) -> String {
            let standard = field.isRequired ? "required" : field.standard.map { "`\($0)`" } ?? ""
            let support =
                switch field.support {
                case .honoured: isEffective ? "honoured" : "checked only"
                case .warned(let reason) where isEffective: "ignored with a warning: \(reason)"
                case .warned(let reason), .checkedOnly(let reason): "checked only: \(reason)"
                case .refused(let reason): "refused: \(reason)"
                }
            let cells = ["`\(field.name)`", field.kind.name, standard, support, field.summary]
            let row = cells.map { $0.split(separator: "|").joined(separator: "\\|") }
            return "| \(row.joined(separator: " | ")) |\n"
        }
    }
}

extension YAMLShape {
    /// The block itself and all blocks inside it, each once.
    public var blocks: [YAMLShape] {
        var seen: Set<String> = []
        return blocks(&seen) { _ in true }
    }

    /// The names of the blocks that some field with an effect leads to.
    fileprivate var effectiveBlocks: Set<String> {
        var seen: Set<String> = []
        return Set(blocks(&seen) { $0.support == .honoured }.map(\.name))
    }

    private func blocks(
        _ seen: inout Set<String>, through isIncluded: (YAMLFieldShape) -> Bool
    ) -> [YAMLShape] {
        guard seen.insert(name).inserted else { return [] }
        var found = [self]
        for field in fields where isIncluded(field) {
            if let block = field.kind.block {
                found += block.blocks(&seen, through: isIncluded)
            }
        }
        return found
    }
}

extension YAMLKind {
    /// The block that a value is, or that the values in it are.
    fileprivate var block: YAMLShape? {
        switch self {
        case .block(let shape): shape
        case .list(let kind), .map(let kind): kind.block
        default: nil
        }
    }
}
