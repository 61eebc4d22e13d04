public import Model
import Threads

/// One family of Weir's own metrics at one instant.
public struct MetricFamily: Sendable {
    /// One line of the family: a suffix such as `_bucket`, labels without a name, a value.
    public struct Line: Sendable {
        /// What follows the family's name.
        public let suffix: String
        /// The labels, without the name.
        public let labels: Labels
        /// The value.
        public let value: Double

        /// A line of these.
        public init(suffix: String = "", labels: Labels = Labels(), value: Double) {
            self.suffix = suffix
            self.labels = labels
            self.value = value
        }
    }

    /// The name, without suffixes such as `_total`.
    public let name: String
    /// Kind, unit and description.
    public let metadata: MetricMetadata
    /// The lines, in the order in which they are to be written.
    public let lines: [Line]

    /// A family of these.
    public init(name: String, metadata: MetricMetadata, lines: [Line]) {
        self.name = name
        self.metadata = metadata
        self.lines = lines
    }
}

/// Every metric of Weir itself.
///
/// Metrics are made once and then changed without asking the registry, so that hot paths pay for
/// an atomic addition and nothing else.
public final class MetricRegistry: Sendable {
    /// Reads some families when the registry is read.
    public typealias Collector = @Sendable () -> [MetricFamily]

    private struct Key: Hashable {
        let name: String
        let labels: Labels
    }

    private enum Instrument {
        case counter(Counter)
        case gauge(Gauge)
        case timing(Timing)
    }

    private struct Family {
        var metadata: MetricMetadata
        var members: [(labels: Labels, instrument: Instrument)] = []
    }

    private struct State {
        var families: [String: Family] = [:]
        var made: [Key: Instrument] = [:]
        var collectors: [Collector] = []
    }

    private let state = Locked(State())

    /// A registry of nothing.
    public init() {}

    /// The counter of this name and these labels, the same one at each call.
    ///
    /// The name ends in `_total`, as it is queried.
    public func counter(_ name: String, _ help: String, _ labels: Labels = Labels()) -> Counter {
        precondition(name.hasSuffix("_total"), "BUG: counter \(name) has no _total")
        let instrument = instrument(
            String(name.dropLast(6)), .init(type: .counter, help: help), labels
        ) { .counter(Counter()) }
        guard case .counter(let counter) = instrument else { Self.clash(name) }
        return counter
    }

    /// The gauge of this name and these labels, the same one at each call.
    public func gauge(_ name: String, _ help: String, _ labels: Labels = Labels()) -> Gauge {
        let instrument = instrument(name, .init(type: .gauge, help: help), labels) {
            .gauge(Gauge())
        }
        guard case .gauge(let gauge) = instrument else { Self.clash(name) }
        return gauge
    }

    /// The histogram of this name and these labels, the same one at each call.
    ///
    /// The name ends in `_seconds`.
    public func timing(_ name: String, _ help: String, _ labels: Labels = Labels()) -> Timing {
        precondition(name.hasSuffix("_seconds"), "BUG: timing \(name) has no _seconds")
        let instrument = instrument(
            name, .init(type: .histogram, unit: "seconds", help: help), labels
        ) { .timing(Timing()) }
        guard case .timing(let timing) = instrument else { Self.clash(name) }
        return timing
    }

    /// Asks `collector` whenever the registry is read, for what is cheaper to look up than to keep.
    public func collect(_ collector: @escaping Collector) {
        state.withLock { $0.collectors.append(collector) }
    }

    /// All families as they are now, sorted by name; what several collectors say of one family stands
    /// together.
    public func snapshot() -> [MetricFamily] {
        let (families, collectors) = state.withLock { ($0.families, $0.collectors) }
        let own = families.map { name, family in
            MetricFamily(
                name: name, metadata: family.metadata,
                lines: family.members.flatMap { Self.lines(of: $0.instrument, labels: $0.labels) })
        }
        let collected = collectors.flatMap { $0() }
        var merged: [String: MetricFamily] = [:]
        for family in own + collected {
            let lines = (merged[family.name]?.lines ?? []) + family.lines
            merged[family.name] = MetricFamily(
                name: family.name, metadata: family.metadata, lines: lines)
        }
        return merged.values.sorted { $0.name.isBytewiseLess(than: $1.name) }
    }

    private func instrument(
        _ name: String, _ metadata: MetricMetadata, _ labels: Labels,
        make: @Sendable () -> Instrument
    ) -> Instrument {
        state.withLock { state in
            let key = Key(name: name, labels: labels)
            if let instrument = state.made[key] { return instrument }
            let instrument = make()
            state.made[key] = instrument
            state.families[name, default: Family(metadata: metadata)].members
                .append((labels, instrument))
            return instrument
        }
    }

    private static func lines(of instrument: Instrument, labels: Labels) -> [MetricFamily.Line] {
        switch instrument {
        case .counter(let counter):
            return [.init(suffix: "_total", labels: labels, value: Double(counter.value))]
        case .gauge(let gauge): return [.init(labels: labels, value: gauge.value)]
        case .timing(let timing):
            let (cumulative, count, sum) = timing.snapshot
            let bounds = Timing.bounds.map { "\($0)" } + ["+Inf"]
            let buckets = zip(bounds, cumulative + [count]).map { bound, count in
                var builder = LabelsBuilder(labels)
                builder[LabelName.bucketBound] = bound
                return MetricFamily.Line(
                    suffix: "_bucket", labels: Labels(builder), value: Double(count))
            }
            return buckets + [
                .init(suffix: "_sum", labels: labels, value: sum),
                .init(suffix: "_count", labels: labels, value: Double(count)),
            ]
        }
    }

    private static func clash(_ name: String) -> Never {
        preconditionFailure("BUG: metric \(name) is used as two kinds")
    }
}
