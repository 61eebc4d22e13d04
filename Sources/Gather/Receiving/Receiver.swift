import Compression
public import Model
public import Telemetry
import Threads

/// How much a receiver takes, and for how long it remembers.
public struct ReceiverOptions: Sendable {
    /// The most bytes that a body may unpack to.
    public var bodyLimit = 128 << 20
    /// The most samples that wait to be kept; above it, senders are told to come again.
    public var waitingLimit = 5_000_000
    /// How far into the future a sample may lie.
    public var future = TimeSpan(milliseconds: 600_000)
    /// How old a sample may be, or `nil`.
    public var retention: TimeSpan?
    /// How long parts of one scrape that come in several bodies wait for each other.
    public var gathering = Duration.milliseconds(40)
    /// How many rounds a series may be silent before it is forgotten; it is found again by its
    /// labels, at some cost.
    public var patience: UInt32 = 20_000

    /// What Weir does by default.
    public init() {}
}

/// Takes what others send, and says so once it is kept.
///
/// Bodies are read side by side. What they say is gathered by sender and instant for a moment, told
/// to the senders' clocks in the order of time, and settled for all of them at once.
public final class Receiver: Sendable {
    private struct State: ~Copyable {
        var intake = Intake()
        var waiters: [CheckedContinuation<ReceiveError?, Never>] = []
        var isRunning = false
    }

    private let sink: any SampleSink
    private let options: ReceiverOptions
    private let metrics: ReceiverMetrics
    private let log: Log
    private let throttle = LogThrottle()
    private let now: @Sendable () -> Timestamp
    private let state = Locked(State())
    private let (rings, bell) = AsyncStream.makeStream(
        of: Void.self, bufferingPolicy: .bufferingNewest(1))

    /// A receiver whose samples go to `sink`; it takes nothing before `run()`.
    public init(
        sink: any SampleSink, options: ReceiverOptions = ReceiverOptions(),
        registry: MetricRegistry, log: Log,
        now: @escaping @Sendable () -> Timestamp = { WallClock.now }
    ) {
        self.sink = sink
        self.options = options
        self.log = log
        self.now = now
        metrics = ReceiverMetrics(registry)
        let state = self.state
        metrics.watch(registry) { state.withLock { $0.intake.seriesCount } }
    }

    /// Takes a body of remote write as it came, packed by snappy; returns once it is kept.
    ///
    /// Of the second message, what can be kept is kept, and the rest stands in `refusals`. Of the
    /// first one, all or nothing, but for series whose labels are no labels, which are left out.
    ///
    /// Series that do not meet the matchers of `binding` are refused.
    public func write(
        _ packed: [UInt8], as message: WriteMessage, only binding: [Matcher] = []
    ) async throws(ReceiveError) -> Written {
        let bytes: [UInt8]
        do throws(SnappyError) {
            bytes = try Snappy.uncompress(packed, limit: options.bodyLimit)
        } catch {
            metrics.unreadable.add()
            throw .unreadable(reason: error.description)
        }
        var request: WriteRequest
        do throws(ReceiveError) {
            request = try WriteRequestReader.read(bytes, as: message)
        } catch {
            metrics.unreadable.add()
            throw error
        }
        let faults = mark(&request, isSecond: message == .second, only: binding)
        if message == .first, !faults.isEmpty {
            metrics.refused.add(faults.count)
            throw .refused(reasons: Self.few(faults))
        }
        var written = try take(request)
        metrics.refused.add(written.refusals.count)
        if message == .first { written.refusals = [] }
        written.refusals = Self.few(written.refusals)
        try await kept()
        metrics.samples.add(written.samples)
        metrics.histograms.add(written.histograms)
        metrics.exemplars.add(written.exemplars)
        return written
    }

    /// Marks the parts that cannot be taken, and says why.
    private func mark(
        _ request: inout WriteRequest, isSecond: Bool, only binding: [Matcher]
    ) -> [String] {
        let newest = (now() + options.future).milliseconds
        let oldest = options.retention.map { (now() - $0).milliseconds } ?? .min
        var faults: [String] = []
        for index in request.parts.indices {
            let part = request.parts[index]
            var fault: String?
            for sample in part.samples where !(oldest...newest ~= request.times[sample]) {
                fault = "out of bounds: a sample at \(request.times[sample])"
            }
            for (time, histogram) in request.histograms[part.histograms] {
                if !(oldest...newest ~= time) { fault = "out of bounds: a histogram at \(time)" }
                fault = ReceivedHistogram.fault(of: histogram) ?? fault
            }
            if isSecond, part.samples.isEmpty, part.histograms.isEmpty {
                fault = "a series must have at least one sample or histogram"
            }
            guard fault != nil || !binding.isEmpty else { continue }
            // Lost: why labels cannot be read; another fault is said in any case.
            let read = try? SeriesKey.labels(request.keys.span.extracting(part.key))
            let labels = Labels(read ?? [])
            if !binding.accept(labels) { fault = "not among the series of this credential" }
            guard let fault else { continue }
            let text = "\(fault), in series \(labels)"
            request.parts[index].fault = text
            faults.append(text)
        }
        return faults
    }

    private func take(_ request: borrowing WriteRequest) throws(ReceiveError) -> Written {
        let limit = options.waitingLimit
        return try state.withLock { state throws(ReceiveError) in
            guard state.isRunning else {
                throw .unavailable(reason: "Weir is starting or stopping")
            }
            guard state.intake.waitingSamples < limit else {
                throw .unavailable(
                    reason: "more than \(limit) samples wait to be kept; send them again later")
            }
            return state.intake.take(request)
        }
    }

    /// Waits until all that was taken so far is kept.
    private func kept() async throws(ReceiveError) {
        let error: ReceiveError? = await withCheckedContinuation { continuation in
            let isRunning = state.withLock { state in
                if state.isRunning { state.waiters.append(continuation) }
                return state.isRunning
            }
            guard isRunning else {
                return continuation.resume(returning: .unavailable(reason: "Weir is stopping"))
            }
            bell.yield()
        }
        if let error { throw error }
    }

    private static func few(_ reasons: [String]) -> [String] {
        guard reasons.count > 10 else { return reasons }
        return reasons.prefix(10) + ["and \(reasons.count - 10) more"]
    }

    // MARK: Keeping

    /// Keeps what comes in until its task is cancelled, and then what has come.
    public func run() async {
        state.withLock { $0.isRunning = true }
        var swept: UInt32 = 0
        for await _ in rings {
            // Cancelled: what is there goes at once.
            try? await Task.sleep(for: options.gathering)
            await keep()
            let round = state.withLock { $0.intake.round }
            guard round > swept &+ options.patience / 4, round > options.patience else { continue }
            swept = round
            let closed = state.withLock { $0.intake.forget(before: round - options.patience) }
            for clock in closed { clock.close() }
        }
        state.withLock { $0.isRunning = false }
        await keep()
        let clocks = state.withLock { $0.intake.senders.compactMap(\.clock) }
        for clock in clocks { clock.close() }
    }

    private func keep() async {
        let (all, waiters) = state.withLock { state in
            let waiters = state.waiters
            state.waiters = []
            return (state.intake.drain(), waiters)
        }
        var failure: SinkError?
        for (sender, what) in all {
            do throws(SinkError) { try await tell(sender, what) } catch { failure = error }
        }
        if failure == nil {
            do throws(SinkError) { try await sink.settle() } catch { failure = error }
        }
        let answer = failure.map { ReceiveError.unavailable(reason: $0.description) }
        if let failure { say(failure) }
        for waiter in waiters { waiter.resume(returning: answer) }
    }

    private func tell(_ sender: Int, _ what: Sender.Drained) async throws(SinkError) {
        var what = what
        do throws(SinkError) {
            let clock = try await clock(of: sender)
            if what.ticks.isEmpty { what.ticks = [.init(time: now().milliseconds)] }
            var batch = SampleBatch(time: now())
            let last = what.ticks.count - 1
            for (index, tick) in what.ticks.enumerated() {
                batch.begin(at: Timestamp(milliseconds: tick.time))
                (batch.series, batch.values) = (tick.series, tick.values)
                (batch.histograms, batch.exemplars) = (tick.histograms, tick.exemplars)
                batch.newSeries = what.newSeries
                batch.metadata = what.metadata
                if index == last { batch.retired = what.retired }
                try clock.append(batch)
                (what.newSeries, what.metadata) = ([], [])
            }
            let told = what
            state.withLock { $0.intake.told(told, by: sender) }
        } catch {
            let left = what
            state.withLock { $0.intake.restore(left, of: sender) }
            throw error
        }
    }

    private func clock(of sender: Int) async throws(SinkError) -> any SampleClock {
        let known = state.withLock {
            ($0.intake.senders[sender].clock, $0.intake.senders[sender].key)
        }
        if let clock = known.0 { return clock }
        let clock = try await sink.open(known.1, interval: nil)
        state.withLock { $0.intake.setClock(clock, of: sender) }
        return clock
    }

    private func say(_ failure: SinkError) {
        metrics.failures.add()
        guard let heldBack = throttle.heldBack(key: failure.description) else { return }
        log.warn(
            "received samples cannot be kept now",
            ["reason": failure.description, "held_back": "\(heldBack)"])
    }
}
