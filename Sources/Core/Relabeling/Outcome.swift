import Model

/// What a rule list made of a label set, told so that it holds for others too: for all that have
/// the same names, and the same values wherever the rules looked at one.
final class Outcome: Sendable {
    /// A label of the result: its value is that of the input's label `input`, or else `text`.
    struct Entry {
        let name: String
        let input: Int
        let text: String
    }

    enum Verdict { case dropped, unchanged, changed([Entry]) }

    let verdict: Verdict

    init(_ verdict: Verdict) { self.verdict = verdict }

    /// What the rules make of `labels`, for which this outcome holds.
    func labels(from labels: Labels) -> Labels? {
        switch verdict {
        case .dropped: return nil
        case .unchanged: return labels
        case .changed(let entries):
            // Safe: every element up to the count is initialised.
            let result = unsafe [Label](unsafeUninitializedCapacity: entries.count) {
                buffer, count in
                for index in entries.indices {
                    let entry = entries[index]
                    let value = entry.input < 0 ? entry.text : labels[entry.input].value
                    unsafe buffer.initializeElement(at: index, to: Label(entry.name, value))
                }
                count = entries.count
            }
            return Labels(inOrder: result)
        }
    }
}
