import Model
import RE2

extension Evaluator {
    /// `label_replace`.
    mutating func labelReplace(_ arguments: [Plan]) async throws(PromQLError) -> Table {
        let texts = Self.texts(arguments.dropFirst())
        let (target, replacement, source, expression) = (texts[0], texts[1], texts[2], texts[3])
        let pattern: Pattern
        do {
            pattern = try Pattern(expression)
        } catch {
            throw .execution("invalid regular expression in label_replace(): \(expression)")
        }
        guard target.isLabelName else {
            throw .execution("invalid destination label name in label_replace(): \(target)")
        }
        let template = Template(replacement, for: pattern)
        var table = try await self.table(of: arguments[0])
        // Rows often share a value, and a value is put through the pattern once.
        var known: [ByteKey: String?] = [:]
        for row in 0..<table.count {
            let labels = labels(of: table, row: row)
            let value = labels[source]
            let replaced: String?
            if let result = known[ByteKey(value)] {
                replaced = result
            } else {
                replaced = pattern.expand(value, into: template)
                known[ByteKey(value)] = .some(replaced)
            }
            guard let replaced else { continue }
            table.relabel(row, labels, target, replaced)
        }
        return try merged(table)
    }

    /// `label_join`.
    mutating func labelJoin(_ arguments: [Plan]) async throws(PromQLError) -> Table {
        let texts = Self.texts(arguments.dropFirst())
        let (target, separator, sources) = (texts[0], texts[1], texts.dropFirst(2))
        for source in sources where !source.isLabelName {
            throw .execution("invalid source label name in label_join(): \(source)")
        }
        guard target.isLabelName else {
            throw .execution("invalid destination label name in label_join(): \(target)")
        }
        var table = try await self.table(of: arguments[0])
        for row in 0..<table.count {
            let labels = labels(of: table, row: row)
            let joined = sources.map { labels[$0] }.joined(separator: separator)
            table.relabel(row, labels, target, joined)
        }
        return try merged(table)
    }

    /// The texts of arguments that are nothing else.
    static func texts(_ arguments: some Sequence<Plan>) -> [String] {
        arguments.map { argument in
            guard case .string(let text) = argument.kind else {
                preconditionFailure("BUG: an argument is no text")
            }
            return text
        }
    }
}

extension Table {
    /// Gives a row the label `name`.
    fileprivate mutating func relabel(
        _ row: Int, _ shown: Labels, _ name: String, _ value: String
    ) {
        var builder = LabelsBuilder(shown)
        builder[name] = value
        labels[row] = Labels(builder)
        // A name that was given anew stays.
        if name == LabelName.metric { isNameDropped[row] = false }
    }
}
