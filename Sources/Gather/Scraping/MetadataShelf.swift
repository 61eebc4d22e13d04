import Model

/// What targets say of their families, kept once for all that say the same.
struct MetadataShelf {
    typealias Families = [String: MetricMetadata]

    /// Those that were asked for last, the latest first.
    private var recent: [Families] = []

    /// As many kinds of targets as are told apart.
    private static let limit = 32

    /// The same as `families`, and the same memory as of a target that says so too.
    mutating func shared(_ families: Families) -> Families {
        guard let place = recent.firstIndex(of: families) else {
            if recent.count >= Self.limit { recent.removeLast() }
            recent.insert(families, at: 0)
            return families
        }
        let known = recent[place]
        if place > 0 {
            recent.remove(at: place)
            recent.insert(known, at: 0)
        }
        return known
    }
}
