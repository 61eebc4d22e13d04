import Exposition
import Model

/// A family as one body shows it.
struct RelayFamily: Sendable, Hashable {
    /// Its name, as its `TYPE` gives it.
    let name: String
    let metadata: MetricMetadata
    /// The names of its metrics, in the order in which they are written.
    let metrics: [String]

    /// Whether several samples are one metric.
    var isGrouped: Bool {
        switch metadata.type {
        case .histogram, .gaugehistogram, .summary: true
        default: metrics.count > 1
        }
    }
}

/// Puts metrics into families, so that no name comes twice, whatever targets say.
struct RelayFamilies {
    /// Sorted by name.
    private(set) var families: [RelayFamily] = []
    /// How many families are told apart metric by metric, without a type, because targets do not
    /// agree on it.
    private(set) var conflicts = 0

    private let naming: RelayNaming
    private let newest: [String: MetricMetadata]
    private let types: [String: Set<MetricType>]

    /// The families of `metrics`, by the types that targets say of families, and by the newest
    /// that was said of each.
    init(
        of metrics: [String], newest: [String: MetricMetadata],
        types: [String: Set<MetricType>], isOpenMetrics: Bool
    ) {
        naming = RelayNaming(isOpenMetrics: isOpenMetrics)
        self.newest = newest
        self.types = types
        var claims: [String: Set<RelayNaming.Claim>] = [:]
        var refused: Set<String> = []
        for metric in metrics {
            let said = self.claims(of: metric)
            claims[metric] = said
            if said.count > 1 { refused.formUnion(said.map(\.family)) }
        }
        conflicts = refused.count
        let namesakes = namesakes(claims)
        var grouped: [RelayNaming.Claim: [String]] = [:]
        for metric in metrics {
            var shown = RelayNaming.Claim(family: metric, type: .unknown)
            if let said = claims[metric], said.count == 1, let claim = said.first,
                !refused.contains(claim.family), !namesakes.contains(claim)
            {
                shown = claim
            }
            grouped[shown, default: []].append(metric)
        }
        if isOpenMetrics { moveTimesOfCreation(&grouped) }
        families = grouped.map { claim, metrics in family(claim, metrics) }
            .sorted { $0.name.isBytewiseLess(than: $1.name) }
    }

    /// What targets say that `metric` is, each once; to know it is more than not to know it.
    private func claims(of metric: String) -> Set<RelayNaming.Claim> {
        var claims: Set<RelayNaming.Claim> = []
        for family in RelayNaming.families(of: metric) {
            for type in types[family] ?? [] {
                if let claim = naming.claim(of: metric, in: family, as: type) {
                    claims.insert(claim)
                }
            }
        }
        let known = claims.filter { $0.type != .unknown }
        if known.isEmpty { return claims }
        // A time of creation is one, also where a classic target shows it as a gauge.
        let isCreation = metric.hasSuffix("_created")
        let inside = known.filter { isCreation && naming.compound.contains($0.type) }
        return inside.isEmpty ? known : inside
    }

    /// Families of several samples that are called what another family is called, or whose samples
    /// are: the other one keeps the name.
    private func namesakes(
        _ claims: [String: Set<RelayNaming.Claim>]
    ) -> Set<RelayNaming.Claim> {
        var types: [String: Set<MetricType>] = [:]
        for (metric, said) in claims {
            for claim in said { types[claim.family, default: []].insert(claim.type) }
            if said.isEmpty { types[metric, default: []].insert(.unknown) }
        }
        var namesakes: Set<RelayNaming.Claim> = []
        for (family, said) in types {
            for type in said where naming.compound.contains(type) || type == .info {
                let samples = naming.suffixes(of: type).filter { !$0.isEmpty && $0 != "_created" }
                let isTaken = samples.contains { types[family + $0] != nil }
                if said.count > 1 || isTaken { namesakes.insert(.init(family: family, type: type)) }
            }
        }
        return namesakes
    }

    /// OpenMetrics has times of creation inside of the family that was created.
    private func moveTimesOfCreation(_ grouped: inout [RelayNaming.Claim: [String]]) {
        let created = grouped.keys.filter { $0.family.hasSuffix("_created") }
        for claim in created {
            let base = String(claim.family.dropLast(8))
            let home = naming.compound.map { RelayNaming.Claim(family: base, type: $0) }
                .first { grouped[$0] != nil && naming.suffixes(of: $0.type).contains("_created") }
            guard let home, let metrics = grouped.removeValue(forKey: claim) else { continue }
            grouped[home, default: []] += metrics
        }
    }

    private func family(_ claim: RelayNaming.Claim, _ metrics: [String]) -> RelayFamily {
        let order = naming.suffixes(of: claim.type)
        func rank(_ metric: String) -> Int {
            let suffix = String(metric.dropFirst(claim.family.count))
            return order.firstIndex(of: suffix) ?? order.count
        }
        let sorted = metrics.sorted { left, right in
            let (l, r) = (rank(left), rank(right))
            return l != r ? l < r : left.isBytewiseLess(than: right)
        }
        return RelayFamily(
            name: claim.family, metadata: metadata(claim, sorted), metrics: sorted)
    }

    /// The newest that was said of the family by any of its names.
    private func metadata(_ claim: RelayNaming.Claim, _ metrics: [String]) -> MetricMetadata {
        var names = [claim.family] + metrics
        if isAskedByBase(claim.type) {
            for suffix in ["_total", "_info"] where claim.family.hasSuffix(suffix) {
                names.append(String(claim.family.dropLast(suffix.count)))
            }
        }
        let said = names.compactMap { newest[$0] }
        var metadata = said.first { $0.type == claim.type } ?? said.first ?? MetricMetadata()
        metadata.type = claim.type
        return metadata
    }

    private func isAskedByBase(_ type: MetricType) -> Bool { type == .counter || type == .info }
}
