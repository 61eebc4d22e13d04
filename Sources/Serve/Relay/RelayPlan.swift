import Compression
import Exposition
import Head
import Model
import Threads

/// How a body is cut: families one after the other, each made of segments of some hundred series.
///
/// A family spans targets, and a target's scrape changes a few samples of each family. So in a
/// family the targets stand in the order in which they tick within their interval, and a segment
/// holds neighbours in that order: of the segments of a large family only those change that hold
/// targets which ticked. A segment is made anew where one of its clocks has moved, and else sent
/// again as it is.
final class RelayPlan: Sendable {
    /// Series of one family within a segment.
    struct Run: Hashable {
        let family: Int
        let start: Int
        let end: Int
    }

    struct Segment {
        let runs: Range<Int>
        let clocks: Range<Int>
    }

    /// What comes next in a body.
    enum Step {
        /// What Weir says itself of a family.
        case own(Int)
        case segment(Int)
    }

    /// A segment, packed.
    struct Rendering {
        let packed: GzipSegment
        /// Whether something of its first family stood before it.
        let hadHeader: Bool
        /// Whether something of its last family has been said behind it.
        let endsOpen: Bool
        let fingerprint: Int
        let snapshot: Int
        /// When something in it is too old.
        let validUntil: Timestamp
    }

    /// What a segment is made with, one at a time.
    struct Workshop: ~Copyable {
        var renderings: [Rendering?]
        var packer: GzipPacker?
        var bytes: [UInt8] = []
    }

    /// What it was made for: as long as it is the same, the plan is good.
    struct Basis: Hashable {
        let index: LiveIndexVersion
        let speaking: Int
        let own: [RelayOwn.Name]
    }

    let basis: Basis
    let families: [WrittenRelayFamily]
    let series: [UInt32]
    let runs: [Run]
    let clocks: [UInt32]
    let segments: [Segment]
    let steps: [Step]
    /// Every clock that one of its series belongs to, each once.
    let speakers: [UInt32]
    let conflicts: Int
    let workshop: Locked<Workshop>

    init(
        _ basis: Basis, _ families: [WrittenRelayFamily], _ cut: consuming RelayCutter,
        conflicts: Int, adopting old: RelayPlan?
    ) {
        self.basis = basis
        self.families = families
        self.conflicts = conflicts
        (series, runs, clocks) = (cut.series, cut.runs, cut.clocks)
        (segments, steps) = (cut.segments, cut.steps)
        speakers = Set(cut.clocks).sorted()
        workshop = Locked(Workshop(renderings: Array(repeating: nil, count: cut.segments.count)))
        if let old { adopt(old) }
    }

    /// What the remembered segments take.
    var size: Int {
        let packed = workshop.withLock { shop in
            shop.renderings.reduce(0) { $0 + ($1?.packed.bytes.count ?? 0) + 96 }
        }
        return packed + 4 * (series.count + clocks.count) + 24 * runs.count + 48 * segments.count
    }

    /// A number for how far the clocks of a segment have come.
    func fingerprint(of segment: Segment, in clocks: LiveClocks) -> Int {
        var hasher = Hasher()
        for clock in self.clocks[segment.clocks] { hasher.combine(clocks.version(of: Int(clock))) }
        return hasher.finalize()
    }

    /// Takes over what is the same in `old`.
    private func adopt(_ old: RelayPlan) {
        var byFirst: [UInt32: Int] = [:]
        for (index, segment) in old.segments.enumerated() { byFirst[old.first(segment)] = index }
        let known = old.workshop.withLock { $0.renderings }
        workshop.withLock { shop in
            for (index, segment) in segments.enumerated() {
                guard let other = byFirst[first(segment)], let rendering = known[other],
                    isSame(segment, as: old.segments[other], of: old)
                else { continue }
                shop.renderings[index] = rendering
            }
        }
    }

    private func first(_ segment: Segment) -> UInt32 { series[runs[segment.runs.lowerBound].start] }

    private func isSame(_ segment: Segment, as other: Segment, of old: RelayPlan) -> Bool {
        guard segment.runs.count == other.runs.count,
            clocks[segment.clocks] == old.clocks[other.clocks]
        else { return false }
        return zip(runs[segment.runs], old.runs[other.runs]).allSatisfy { left, right in
            series[left.start..<left.end] == old.series[right.start..<right.end]
                && families[left.family].family == old.families[right.family].family
        }
    }
}

/// Cuts the series of families into segments.
struct RelayCutter {
    /// Below this a segment is filled up, so that packing is worth it.
    private static let small = 64
    /// From this on a segment ends where a clock's series do.
    private static let enough = 128
    /// From this on it ends where a metric does.
    private static let most = 512

    fileprivate(set) var series: [UInt32] = []
    fileprivate(set) var runs: [RelayPlan.Run] = []
    fileprivate(set) var clocks: [UInt32] = []
    fileprivate(set) var segments: [RelayPlan.Segment] = []
    fileprivate(set) var steps: [RelayPlan.Step] = []
    private var firstRun = 0
    private var firstSeries = 0
    private var speaking: Set<UInt32> = []

    /// The next family; with `isOwn` Weir says something of it first.
    mutating func add(_ list: LiveSeriesList, family: Int, isOwn: Bool) {
        let room = Self.enough + Self.small - (series.count - firstSeries)
        if isOwn || list.series.count > room && series.count - firstSeries >= Self.small { cut() }
        if isOwn { steps.append(.own(family)) }
        var start = series.count
        var more = list.more[...]
        for index in list.series.indices {
            let length = series.count - firstSeries
            let isOtherClock = index > 0 && list.clocks[index] != list.clocks[index - 1]
            if length >= Self.enough, !list.continues[index],
                isOtherClock || length >= Self.most
            {
                end(family, from: start)
                cut()
                start = series.count
            }
            series.append(list.series[index])
            if isOtherClock || speaking.isEmpty || index == 0 {
                speaking.insert(list.clocks[index])
            }
            while let next = more.first, next.place == index {
                speaking.insert(next.clock)
                more.removeFirst()
            }
        }
        end(family, from: start)
    }

    private mutating func end(_ family: Int, from start: Int) {
        guard start < series.count else { return }
        runs.append(RelayPlan.Run(family: family, start: start, end: series.count))
    }

    /// Ends the segment.
    mutating func cut() {
        guard runs.count > firstRun else { return }
        let firstClock = clocks.count
        clocks += speaking.sorted()
        steps.append(.segment(segments.count))
        segments.append(
            RelayPlan.Segment(
                runs: firstRun..<runs.count, clocks: firstClock..<clocks.count))
        speaking.removeAll(keepingCapacity: true)
        firstRun = runs.count
        firstSeries = series.count
    }
}
