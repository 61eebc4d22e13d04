// Relay: the newest sample of every series, as one body for those who scrape Weir.
// In: the series of the head, Weir's own metrics. Out: pieces of a body; what several readers ask
// for is made and packed once. Start at `Relay.body(for:)`, and at `RelayPlan` for how a body is
// cut. Knows no HTTP. Imports: Compression, Exposition, Head, Model, Telemetry, Threads.

import Exposition
public import Head
public import Model
public import Telemetry
import Threads

/// What is the same for all who scrape Weir: bodies that are made once, and how far they came.
public final class Relay: Sendable {
    /// The most bodies that are remembered at a time.
    private static let mostViews = 4
    /// The most bytes that they take together.
    private static let mostBytes = 24 << 20
    /// For how long a body that nobody asks for is remembered.
    private static let restOfView = TimeSpan.minutes(10)

    private struct State {
        var views: [(key: ViewKey, view: RelayView, used: Timestamp)] = []
        var snapshots = SnapshotHistory()
        var readers = 0
    }

    let head: Head
    let now: @Sendable () -> Timestamp
    let metrics: RelayMetrics
    private let state = Locked(State())

    /// A relay of what `head` knows.
    public init(
        _ head: Head, registry: MetricRegistry,
        now: @escaping @Sendable () -> Timestamp = { WallClock.now }
    ) {
        self.head = head
        self.now = now
        metrics = RelayMetrics(registry)
        registry.collect { [weak self] in self?.ownFamilies() ?? [] }
    }

    /// The body that answers `question`; nothing of it is made before it is asked for.
    public func body(for question: RelayQuestion) throws(SourceError) -> RelayBody {
        let reader = RelayReader(self)
        let snapshot = snapshot()
        let since = question.cursor.flatMap { cursor in
            state.withLock { $0.snapshots.versions(at: cursor) }
        }
        let isShared =
            question.binding.isEmpty && question.hasSeries && since == nil
            && question.format != .protobuf
        let view = isShared ? view(for: question) : RelayView(self, question)
        let plan = try view.plan(for: question, snapshot)
        return RelayBody(
            self, reader, plan, question, snapshot, since: since, isShared: isShared)
    }

    /// How every clock does now; one that has not moved since is the one before.
    func snapshot() -> RelaySnapshot {
        let clocks = head.liveClocks()
        return state.withLock { $0.snapshots.take(clocks) }
    }

    /// The newest that was taken, for those who go on with a body.
    var latestSnapshot: RelaySnapshot {
        if let latest = state.withLock({ $0.snapshots.latest }) { return latest }
        return snapshot()
    }

    private func view(for question: RelayQuestion) -> RelayView {
        let key = ViewKey(question)
        let now = now()
        return state.withLock { state in
            state.views.removeAll { $0.used + Self.restOfView < now }
            if let index = state.views.firstIndex(where: { $0.key == key }) {
                state.views[index].used = now
                return state.views[index].view
            }
            while state.views.count >= Self.mostViews
                || !state.views.isEmpty
                    && state.views.reduce(0, { $0 + $1.view.size }) > Self.mostBytes
            {
                guard
                    let oldest = state.views.indices.min(by: {
                        state.views[$0].used < state.views[$1].used
                    })
                else { break }
                state.views.remove(at: oldest)
            }
            let view = RelayView(self, question)
            state.views.append((key, view, now))
            return view
        }
    }

    fileprivate func begin() { state.withLock { $0.readers += 1 } }

    /// With the last reader goes what only readers need.
    fileprivate func end() {
        state.withLock { state in
            state.readers -= 1
            if state.readers == 0 { state.snapshots.rest() }
        }
    }

    private func ownFamilies() -> [Telemetry.MetricFamily] {
        let (views, readers) = state.withLock { ($0.views.map(\.view), $0.readers) }
        func gauge(_ name: String, _ help: String, _ value: Int) -> Telemetry.MetricFamily {
            Telemetry.MetricFamily(
                name: name, metadata: MetricMetadata(type: .gauge, help: help),
                lines: [.init(value: Double(value))])
        }
        return [
            gauge(
                "weir_relay_bytes", "What is remembered of bodies for others to scrape.",
                views.reduce(0) { $0 + $1.size }),
            gauge("weir_relay_readers", "Bodies that are being read now.", readers),
        ]
    }
}

/// Whoever holds it is reading.
final class RelayReader: Sendable {
    private let relay: Relay

    init(_ relay: Relay) {
        self.relay = relay
        relay.begin()
    }

    deinit { relay.end() }
}

/// What two questions have in common whose answers are one.
struct ViewKey: Hashable {
    private let form: RelayQuestion.Form
    private let format: String
    private let selectors: [[String]]?
    private let maximumAge: Int64
    private let options: RelayOptions

    init(_ question: RelayQuestion) {
        form = question.form
        format = question.format.rawValue + " " + question.escaping.rawValue
        selectors = question.conditions?.map { $0.map(\.description) }
        maximumAge = question.maximumAge.milliseconds
        options = question.options
    }
}

/// What the relay says of itself.
struct RelayMetrics: Sendable {
    let made: Counter
    let shared: Counter
    let conflicts: Gauge

    init(_ registry: MetricRegistry) {
        made = registry.counter(
            "weir_relay_segments_made_total", "Parts of bodies that were made for a reader.")
        shared = registry.counter(
            "weir_relay_segments_shared_total",
            "Parts of bodies that were made for another reader before.")
        conflicts = registry.gauge(
            "weir_relay_type_conflicts",
            "Metric families whose targets do not agree on a type, in the last body.")
    }
}
