import Exposition
import Head
import Model
import Threads

/// One question's body: its plan, made anew when series come or go.
final class RelayView: Sendable {
    private struct State {
        var plan: RelayPlan?
        var order = ClockOrder()
    }

    private let relay: Relay
    private let style: RelayStyle
    private let state = Locked(State())

    init(_ relay: Relay, _ question: RelayQuestion) {
        self.relay = relay
        style = RelayStyle(question)
    }

    /// What it remembers.
    var size: Int { state.withLock { $0.plan?.size ?? 0 } }

    /// The plan for `question` as series stand now.
    func plan(
        for question: RelayQuestion, _ snapshot: RelaySnapshot
    ) throws(SourceError) -> RelayPlan {
        let oldest = relay.now() - question.maximumAge
        let own = RelayOwn.names(of: question.own)
        let basis = RelayPlan.Basis(
            index: relay.head.liveIndexVersion,
            speaking: Self.speaking(snapshot.clocks, since: oldest), own: own)
        // One makes it and the others wait for that, which is shorter than making it themselves.
        return try state.withLock { state throws(SourceError) in
            if let plan = state.plan, plan.basis == basis { return plan }
            let ranks = state.order.ranks(of: snapshot.clocks)
            let plan = try make(question, basis, snapshot, ranks, adopting: state.plan, oldest)
            state.plan = plan
            return plan
        }
    }

    private static func speaking(_ clocks: LiveClocks, since oldest: Timestamp) -> Int {
        var hasher = Hasher()
        for clock in 0..<clocks.count { hasher.combine(clocks.isSpeaking(clock, since: oldest)) }
        return hasher.finalize()
    }

    private func make(
        _ question: RelayQuestion, _ basis: RelayPlan.Basis, _ snapshot: RelaySnapshot,
        _ ranks: [UInt32], adopting old: RelayPlan?, _ oldest: Timestamp
    ) throws(SourceError) -> RelayPlan {
        let head = relay.head
        let selection = try head.liveSelection(
            question.hasSeries ? question.conditions : [])
        let (families, conflicts) = families(of: selection.names, basis.own) { clock in
            snapshot.clocks.isSpeaking(clock, since: oldest)
        }
        var cutter = RelayCutter()
        var written: [WrittenRelayFamily] = []
        let owned = Set(basis.own.map(\.metric))
        let live = Set(selection.names)
        for family in families {
            let list = head.liveSeries(
                of: family.metrics.filter { live.contains($0) }, in: selection, ranks: ranks,
                grouped: family.isGrouped)
            let isOwn = family.metrics.contains { owned.contains($0) }
            guard isOwn || !list.series.isEmpty else { continue }
            cutter.add(list, family: written.count, isOwn: isOwn)
            written.append(WrittenRelayFamily(family, style))
        }
        cutter.cut()
        return RelayPlan(basis, written, cutter, conflicts: conflicts, adopting: old)
    }

    private func families(
        of metrics: [String], _ own: [RelayOwn.Name], where isSpeaking: (Int) -> Bool
    ) -> ([RelayFamily], conflicts: Int) {
        guard style.form == .metrics else {
            return (
                metrics.map { RelayFamily(name: $0, metadata: MetricMetadata(), metrics: [$0]) }, 0
            )
        }
        var (newest, types) = relay.head.liveFamilies(where: isSpeaking)
        // Where nobody speaks of it any more, the last word counts.
        for (family, said) in newest where types[family] == nil { types[family] = [said.type] }
        for name in own {
            types[name.family, default: []].insert(name.metadata.type)
            newest[name.family] = newest[name.family] ?? name.metadata
        }
        let all = Set(metrics).union(own.map(\.metric))
            .sorted { $0.isBytewiseLess(than: $1) }
        let families = RelayFamilies(
            of: all, newest: newest, types: types, isOpenMetrics: style.format.isOpenMetrics)
        return (style.merged(families.families), families.conflicts)
    }
}

/// In which order clocks stand in a family: by when they tick, those of one interval together.
///
/// A clock keeps its place, so that a body stays cut as it is.
private struct ClockOrder {
    private var known: [LiveCadence?] = []

    /// The rank of each clock by its number.
    mutating func ranks(of clocks: LiveClocks) -> [UInt32] {
        while known.count < clocks.count { known.append(nil) }
        for clock in 0..<clocks.count where known[clock] == nil {
            guard let cadence = clocks.cadence(of: clock), cadence.interval > 0 else { continue }
            known[clock] = cadence
        }
        let order = (0..<clocks.count).sorted { left, right in
            let (l, r) = (known[left], known[right])
            // A late scrape does not make another interval.
            let intervals = ((l?.interval ?? 0) / 1000, (r?.interval ?? 0) / 1000)
            if intervals.0 != intervals.1 { return intervals.0 < intervals.1 }
            let phases = (l?.phase ?? 0, r?.phase ?? 0)
            return phases.0 != phases.1 ? phases.0 < phases.1 : left < right
        }
        var ranks = [UInt32](repeating: 0, count: clocks.count)
        for (rank, clock) in order.enumerated() { ranks[clock] = UInt32(rank) }
        return ranks
    }
}
