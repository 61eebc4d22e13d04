import Model

/// Which clock calls a family what type, so that clocks of different opinions can be told apart.
struct FamilyTypes {
    /// Per family: clocks with the type behind each, four bytes a clock.
    private var claims: [String: [UInt32]] = [:]

    private static let types = MetricType.allCases

    mutating func take(_ metadata: [FamilyMetadata], from clock: UInt32) {
        for family in metadata {
            let type = Self.types.firstIndex(of: family.metadata.type) ?? 0
            let claim = clock << 3 | UInt32(type)
            var known = claims.removeValue(forKey: family.family) ?? []
            if let index = known.firstIndex(where: { $0 >> 3 == clock }) {
                known[index] = claim
            } else {
                known.append(claim)
            }
            claims[family.family] = known
        }
    }

    /// The types that the clocks for which `isAsked` holds say of each family, each once.
    func types(where isAsked: (UInt32) -> Bool) -> [String: Set<MetricType>] {
        var said: [String: Set<MetricType>] = [:]
        for (family, claims) in claims {
            var types: Set<MetricType> = []
            // Most families have one type, and looking a number up is cheaper than a set.
            var last: UInt32?
            for claim in claims where claim & 7 != last && isAsked(claim >> 3) {
                types.insert(Self.types[Int(claim & 7)])
                last = claim & 7
            }
            if !types.isEmpty { said[family] = types }
        }
        return said
    }

    /// Forgets what a clock said whose number means nothing any more.
    mutating func forget(_ clock: UInt32) {
        for (family, known) in claims where known.contains(where: { $0 >> 3 == clock }) {
            let left = known.filter { $0 >> 3 != clock }
            claims[family] = left.isEmpty ? nil : left
        }
    }
}
