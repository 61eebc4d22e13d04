import Model

/// The labels of what `absent` yields.
enum AbsenceLabels {
    /// The labels that `matchers` leave no choice for, each named once.
    static func labels(_ matchers: [Matcher]) -> Labels {
        var builder = LabelsBuilder()
        var seen: Set<ByteKey> = []
        for matcher in matchers where !matcher.name.hasSameBytes(as: LabelName.metric) {
            if matcher.operation == .equal, seen.insert(ByteKey(matcher.name)).inserted {
                builder[matcher.name] = matcher.value
            } else {
                builder[matcher.name] = ""
            }
        }
        return Labels(builder)
    }
}
