import Model
import Scraping
import Threads

/// Keeps every sample by its labels, and finds fault with batches that break the seam's rules.
final class RecordingSink: SampleSink {
    struct Kept: Equatable, CustomStringConvertible {
        var time: Int64
        var value: Double

        static func == (left: Kept, right: Kept) -> Bool {
            left.time == right.time && left.value.bitPattern == right.value.bitPattern
        }

        var description: String { "\(value.isStaleMarker ? "stale" : "\(value)")@\(time)" }
    }

    /// What one clock has said.
    final class Clock: SampleClock, Sendable {
        let key: ClockKey
        let sink: RecordingSink
        private let state = Locked(State())

        private struct State {
            var labels: [UInt32: Labels] = [:]
            var series: [UInt32] = []
            var isClosed = false
        }

        init(_ key: ClockKey, _ sink: RecordingSink) { (self.key, self.sink) = (key, sink) }

        func append(_ batch: borrowing SampleBatch) throws(SinkError) {
            if let error = sink.state.withLock({ $0.refusal }) { throw error }
            let batch = copy batch
            let key = key
            let (rows, faults) = state.withLock { state in Self.take(batch, &state) }
            sink.state.withLock { state in
                state.faults += faults
                state.batches.append(batch)
                for row in rows { state.samples[row.0, default: []].append(row.1) }
                for family in batch.metadata { state.metadata[family.family] = family.metadata }
                state.batchCounts[key, default: 0] += 1
                if batch.isSameLayout { state.sameLayouts += 1 }
            }
        }

        private static func take(
            _ batch: SampleBatch, _ state: inout State
        ) -> ([(Labels, Kept)], [String]) {
            var faults: [String] = []
            if state.isClosed { faults.append("a batch after the clock was closed") }
            for series in batch.newSeries {
                if let known = state.labels[series.number], known != series.labels {
                    faults.append("number \(series.number) is still \(known)")
                }
                state.labels[series.number] = series.labels
            }
            let names = Set(state.labels.values)
            if names.count != state.labels.count { faults.append("two numbers for one series") }
            if batch.isSameLayout, batch.series != state.series {
                faults.append("isSameLayout, and the series are others")
            }
            state.series = batch.series
            if batch.series.count != batch.values.count { faults.append("columns differ") }
            if !batch.times.isEmpty, batch.times.count != batch.values.count {
                faults.append("times differ")
            }
            if batch.times.isEmpty, Set(batch.series).count != batch.series.count {
                faults.append("a series twice")
            }
            var rows: [(Labels, Kept)] = []
            for (index, number) in batch.series.enumerated() {
                guard let labels = state.labels[number] else {
                    faults.append("number \(number) was never told")
                    continue
                }
                let own = batch.times.isEmpty ? SampleBatch.noTime : batch.times[index]
                let time = own == SampleBatch.noTime ? batch.time.milliseconds : own
                rows.append((labels, Kept(time: time, value: batch.values[index])))
            }
            for part in batch.exemplars where state.labels[part.series] == nil {
                faults.append("an exemplar of an unknown series")
            }
            for part in batch.histograms where state.labels[part.series] == nil {
                faults.append("a histogram of an unknown series")
            }
            for number in batch.retired where state.labels.removeValue(forKey: number) == nil {
                faults.append("number \(number) retired and never told")
            }
            return (rows, faults)
        }

        func close() {
            state.withLock { $0.isClosed = true }
            sink.state.withLock { $0.open[key] = nil }
        }
    }

    struct State {
        var samples: [Labels: [Kept]] = [:]
        var metadata: [String: MetricMetadata] = [:]
        var batches: [SampleBatch] = []
        var batchCounts: [ClockKey: Int] = [:]
        var sameLayouts = 0
        var faults: [String] = []
        var open: [ClockKey: Clock] = [:]
        var opened = 0
        var refusal: SinkError?
        var openRefusal: SinkError?
        var openDelay = Duration.zero
    }

    let state = Locked(State())

    func open(_ key: ClockKey, interval: TimeSpan?) async throws(SinkError) -> any SampleClock {
        let clock = Clock(key, self)
        // Cut short only by a test that ends.
        try? await Task.sleep(for: state.withLock { $0.openDelay })
        let refusal: SinkError? = state.withLock { state in
            if let error = state.openRefusal { return error }
            if state.open[key] != nil { state.faults.append("\(key) is open already") }
            state.open[key] = clock
            state.opened += 1
            return nil
        }
        if let refusal { throw refusal }
        return clock
    }

    func settle() async throws(SinkError) {}

    /// What broke the rules.
    var faults: [String] { state.withLock { $0.faults } }
    var batches: [SampleBatch] { state.withLock { $0.batches } }
    var batchCount: Int { state.withLock { $0.batches.count } }

    /// The samples of the series whose labels print like this.
    func samples(_ labels: String) -> [Kept] {
        state.withLock { state in
            state.samples.first { $0.key.description == labels }?.value ?? []
        }
    }

    /// The values alone, stale markers as `nil`.
    func values(_ labels: String) -> [Double?] {
        samples(labels).map { $0.value.isStaleMarker ? nil : $0.value }
    }

    var names: [String] { state.withLock { $0.samples.keys.map(\.description).sorted() } }
}
