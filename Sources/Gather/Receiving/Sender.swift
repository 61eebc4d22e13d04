import Model

/// One `job` and `instance` of what is sent: a clock, and what waits to be told to it.
struct Sender {
    /// What was said at one instant, gathered from all bodies that speak of it.
    struct Tick {
        var time: Int64
        var series: [UInt32] = []
        var values: [Double] = []
        var histograms: [HistogramSample] = []
        var exemplars: [Exemplar] = []

        mutating func keepLastWords() {
            var last: [UInt32: Double] = [:]
            for (number, value) in zip(series, values) { last[number] = value }
            guard last.count < series.count else { return }
            series = last.keys.sorted()
            values = series.map { last[$0] ?? .nan }
        }
    }

    let key: ClockKey
    /// `nil` until it is told something for the first time.
    var clock: (any SampleClock)?
    /// What waits, in the order in which it came.
    private(set) var ticks: [Tick] = []
    /// Series that the clock does not know yet.
    private(set) var newSeries: [NewSeries] = []
    /// Numbers that mean nothing any more.
    var retired: [UInt32] = []
    var metadata: [FamilyMetadata] = []
    private var known: [String: MetricMetadata] = [:]
    private var nextNumber: UInt32 = 0
    /// By number, where in which tick it spoke last: what is said twice is kept once.
    private var places: [(tick: Int, index: Int)] = []
    /// Whether a series spoke of an instant before another that it had spoken of.
    private var goesBack = false
    private var free: [UInt32] = []
    /// How many series it has.
    private(set) var seriesCount = 0

    init(_ key: ClockKey) { self.key = key }

    /// Whether something waits.
    var isWaiting: Bool {
        !ticks.isEmpty || !metadata.isEmpty || !newSeries.isEmpty || !retired.isEmpty
    }

    /// A number for a new series with `labels`.
    mutating func add(_ labels: Labels) -> UInt32 {
        seriesCount += 1
        let number = free.popLast() ?? nextNumber
        if number == nextNumber {
            nextNumber += 1
            places.append((-1, 0))
        }
        newSeries.append(NewSeries(number: number, labels: labels))
        return number
    }

    /// Takes the number of a series from it.
    mutating func remove(_ number: UInt32) {
        seriesCount -= 1
        retired.append(number)
    }

    @inline(__always)
    mutating func take(_ number: UInt32, _ value: Double, at time: Int64) {
        let tick = tick(at: time)
        let (said, index) = places[Int(number)]
        // Senders repeat what they heard no answer to; the last word counts.
        if said == tick, index < ticks[tick].series.count, ticks[tick].series[index] == number {
            ticks[tick].values[index] = value
            return
        }
        if said > tick { goesBack = true }
        places[Int(number)] = (tick, ticks[tick].series.count)
        ticks[tick].series.append(number)
        ticks[tick].values.append(value)
    }

    mutating func take(_ number: UInt32, _ histogram: NativeHistogram, at time: Int64) {
        let sample = HistogramSample(
            series: number, time: Timestamp(milliseconds: time), histogram: histogram)
        ticks[tick(at: time)].histograms.append(sample)
    }

    mutating func take(_ number: UInt32, _ exemplar: WriteRequest.ExemplarPart) {
        let time = Timestamp(milliseconds: exemplar.time)
        let exemplar = Exemplar(
            series: number, labels: exemplar.labels, value: exemplar.value, time: time)
        // Beside the newest samples: an exemplar has its own instant.
        let index = ticks.isEmpty ? tick(at: time.milliseconds) : ticks.count - 1
        ticks[index].exemplars.append(exemplar)
    }

    /// Notes what is said of a family, where that is new.
    mutating func take(_ family: String, _ metadata: MetricMetadata) {
        guard known[family] != metadata else { return }
        known[family] = metadata
        self.metadata.append(FamilyMetadata(family: family, metadata: metadata))
    }

    /// Where the instant `time` stands in `ticks`; the newest ones are looked at first.
    @inline(__always)
    private mutating func tick(at time: Int64) -> Int {
        var index = ticks.count - 1
        let oldest = max(0, ticks.count - 64)
        while index >= oldest {
            if ticks[index].time == time { return index }
            index -= 1
        }
        ticks.append(Tick(time: time))
        return ticks.count - 1
    }

    /// Takes away what waits, the oldest instant first.
    mutating func drain() -> Drained {
        var drained = Drained()
        if goesBack { for index in ticks.indices { ticks[index].keepLastWords() } }
        goesBack = false
        drained.ticks = ticks.sorted { $0.time < $1.time }
        (drained.newSeries, drained.retired, drained.metadata) = (newSeries, retired, metadata)
        ticks.removeAll(keepingCapacity: true)
        (newSeries, metadata) = ([], [])
        retired = []
        return drained
    }

    /// The clock has heard it all: numbers that mean nothing may be used again.
    mutating func told(_ drained: Drained) { free += drained.retired }

    /// Puts back what the clock has not heard, so that it hears it the next time.
    ///
    /// Samples are not put back: their sender hears of it, and says them again.
    mutating func restore(_ drained: Drained) {
        newSeries = drained.newSeries + newSeries
        metadata = drained.metadata + metadata
        retired = drained.retired + retired
    }

    /// What a sender's clock is told in one round.
    struct Drained {
        var ticks: [Tick] = []
        var newSeries: [NewSeries] = []
        var retired: [UInt32] = []
        var metadata: [FamilyMetadata] = []
    }
}
