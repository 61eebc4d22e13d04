import Model
import Threads

/// Keeps what it is told by labels and time, and finds fault with batches that break the rules.
final class KeepingSink: SampleSink {
    struct State {
        var samples: [String: [Int64: Double]] = [:]
        var histograms: [String: [Int64: NativeHistogram]] = [:]
        var exemplars: [String: [Exemplar]] = [:]
        var metadata: [String: MetricMetadata] = [:]
        var clocks: [ClockKey] = []
        var batches = 0
        var faults: [String] = []
        var settled = 0
        var refusal: SinkError?
        var settleRefusal: SinkError?
    }

    let state = Locked(State())

    func open(_ key: ClockKey, interval: TimeSpan?) async throws(SinkError) -> any SampleClock {
        state.withLock { $0.clocks.append(key) }
        return Clock(self)
    }

    func settle() async throws(SinkError) {
        let refusal = state.withLock { state in
            state.settled += 1
            return state.settleRefusal
        }
        if let refusal { throw refusal }
    }

    private final class Clock: SampleClock {
        private let sink: KeepingSink
        private let labels = Locked<[UInt32: Labels]>([:])

        init(_ sink: KeepingSink) { self.sink = sink }

        func append(_ batch: borrowing SampleBatch) throws(SinkError) {
            if let refusal = sink.state.withLock({ $0.refusal }) { throw refusal }
            let batch = copy batch
            let labels = labels.withLock { labels in
                for new in batch.newSeries { labels[new.number] = new.labels }
                let all = labels
                for number in batch.retired { labels[number] = nil }
                return all
            }
            sink.state.withLock { state in
                state.batches += 1
                if Set(batch.series).count != batch.series.count {
                    state.faults.append("a series twice at \(batch.time)")
                }
                func name(_ number: UInt32) -> String {
                    guard let labels = labels[number] else {
                        state.faults.append("number \(number) was never told")
                        return ""
                    }
                    return Self.text(of: labels)
                }
                for (number, value) in zip(batch.series, batch.values) {
                    state.samples[name(number), default: [:]][batch.time.milliseconds] = value
                }
                for one in batch.histograms {
                    let time = one.time ?? batch.time
                    state.histograms[name(one.series), default: [:]][time.milliseconds] =
                        one.histogram
                }
                for one in batch.exemplars {
                    state.exemplars[name(one.series), default: []].append(one)
                }
                for family in batch.metadata { state.metadata[family.family] = family.metadata }
            }
        }

        func close() {}

        private static func text(of labels: Labels) -> String {
            var others: [String] = []
            for label in labels where label.name != "__name__" {
                others.append(label.name + "=\"" + label.value + "\"")
            }
            return labels.metric + "{" + others.joined(separator: ",") + "}"
        }
    }
}
