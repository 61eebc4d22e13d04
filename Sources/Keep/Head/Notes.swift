import Model

/// What is said of families, and exemplars: the newest of each.
struct Notes {
    /// The most exemplars in memory; the oldest goes first.
    static let mostExemplars = 100_000
    /// The most different things that are remembered of one family.
    private static let mostOfFamily = 10

    /// Per family: what was said of it, the newest last.
    private(set) var families: [String: [MetricMetadata]] = [:]
    /// Counts the times that something was said of families.
    private(set) var version = 0
    private var exemplars: [PlacedExemplar] = []
    /// Where the oldest stands once there is no more room.
    private var oldest = 0

    mutating func take(_ metadata: [FamilyMetadata]) {
        if !metadata.isEmpty { version += 1 }
        for family in metadata {
            var known = families.removeValue(forKey: family.family) ?? []
            known.removeAll { $0 == family.metadata }
            known.append(family.metadata)
            families[family.family] = known.suffix(Self.mostOfFamily)
        }
    }

    mutating func take(_ exemplar: PlacedExemplar) {
        guard exemplars.count == Self.mostExemplars else {
            exemplars.append(exemplar)
            return
        }
        exemplars[oldest] = exemplar
        oldest = (oldest + 1) % exemplars.count
    }

    /// The exemplars of some series in `range`, by series and time.
    func exemplars(
        of series: Set<SeriesID>, in range: ClosedRange<Timestamp>
    ) -> [SeriesID: [PlacedExemplar]] {
        let chosen = exemplars.filter { series.contains($0.series) && range.contains($0.time) }
        return Dictionary(grouping: chosen, by: \.series)
            .mapValues { $0.sorted { $0.time < $1.time } }
    }

    /// Forgets the exemplars of these series in `range`.
    mutating func erase(_ series: Set<UInt32>, in range: ClosedRange<Timestamp>) {
        removeAll { series.contains($0.series.number) && range.contains($0.time) }
    }

    /// The newest exemplar of each series that has any.
    func newestExemplars() -> [UInt32: PlacedExemplar] {
        var newest: [UInt32: PlacedExemplar] = [:]
        for exemplar in exemplars {
            let series = exemplar.series.number
            if let known = newest[series], known.time > exemplar.time { continue }
            newest[series] = exemplar
        }
        return newest
    }

    /// Forgets the exemplars of series that are gone.
    mutating func forget(_ gone: Set<UInt32>) {
        removeAll { gone.contains($0.series.number) }
    }

    private mutating func removeAll(where goes: (PlacedExemplar) -> Bool) {
        guard exemplars.contains(where: goes) else { return }
        let inOrder = Array(exemplars[oldest...] + exemplars[..<oldest])
        exemplars = inOrder.filter { !goes($0) }
        oldest = 0
    }
}
