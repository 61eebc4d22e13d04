import Model
import Telemetry
import Threads

@testable import Head

/// A random number generator that gives the same numbers in each run.
struct Seeded: RandomNumberGenerator {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}

/// Series of every shape, by name: what each says at ticks 0, 1, 2, ….
enum Shapes {
    static let names = [
        "constant", "zero", "constant decimal", "line", "falling line", "counter",
        "counter with resets", "large counter", "decimals", "mixed decimals", "sums of tenths",
        "noise", "small noise", "NaN payloads", "infinities", "negative zero", "subnormals",
        "gaps", "every other", "late start", "early end", "stale markers", "huge integers",
        "any bits", "all absent", "one value", "flag",
    ]

    static func values(_ name: String, count: Int, seed: UInt64 = 1) -> [Double] {
        var random = Seeded(seed)
        var counter = Double(UInt32.random(in: 0...100_000, using: &random))
        return (0..<count).map { tick in
            let n = Double(tick)
            func noise(_ range: ClosedRange<Double>) -> Double {
                .random(in: range, using: &random)
            }
            func whole(_ range: ClosedRange<Int>) -> Double {
                Double(Int.random(in: range, using: &random))
            }
            switch name {
            case "constant": return 4711
            case "zero": return 0
            case "constant decimal": return 0.1
            case "line": return 1_700_000_000 + 30 * n
            case "falling line": return 1e6 - 7 * n
            case "counter":
                counter += whole(0...90)
                return counter
            case "counter with resets":
                counter = whole(0...30) == 0 ? 0 : counter + whole(0...90)
                return counter
            case "large counter":
                counter += whole(0...1_000_000_000)
                return 9e15 + counter * 2
            case "decimals": return (whole(0...9999) / 100)
            case "mixed decimals": return tick % 3 == 0 ? whole(0...9) : whole(-99999...99999) / 1e7
            case "sums of tenths": return n * 0.1 + 0.2
            case "noise": return noise(-1e3...1e3)
            case "small noise": return noise(-1e-300...1e-300)
            case "NaN payloads":
                return Double(bitPattern: 0x7ff8_0000_0000_0000 | UInt64(whole(0...3)) | 1)
            case "infinities":
                return tick % 7 == 3 ? .infinity : tick % 11 == 5 ? -.infinity : n
            case "negative zero": return tick % 5 == 0 ? -0.0 : 0
            case "subnormals": return Double(bitPattern: UInt64(whole(0...1000)))
            case "gaps": return whole(0...9) < 3 ? Absent.value : n
            case "every other": return tick % 2 == 0 ? Absent.value : 5
            case "late start": return tick < count / 2 ? Absent.value : n * 2
            case "early end": return tick > count / 2 ? Absent.value : n / 4
            case "stale markers": return tick % 40 == 39 ? StaleMarker.value : 3 + n
            case "huge integers": return 0x1p60 + 0x1p10 * whole(0...1000)
            case "any bits": return Double(bitPattern: random.next())
            case "all absent": return Absent.value
            case "one value": return tick == count / 3 ? 42.5 : Absent.value
            case "flag": return whole(0...1)
            default: preconditionFailure("BUG: no such shape")
            }
        }
    }
}

extension Timestamp {
    /// So many seconds after an instant that all tests begin at.
    static func at(_ seconds: Int) -> Timestamp {
        Timestamp(milliseconds: 1_700_000_000_000 + Int64(seconds) * 1000)
    }
}

/// A log that remembers.
final class Remembering: TickLog {
    struct Heard {
        var ticks: [Tick] = []
        var opened: [ClockID] = []
        var closed: [ClockID] = []
        var isFull = false
    }

    let heard = Locked(Heard())

    func opened(_ clock: ClockID, as key: ClockKey, interval: TimeSpan?) {
        heard.withLock { $0.opened.append(clock) }
    }

    func take(_ tick: Tick) throws(SinkError) {
        let isFull = heard.withLock { heard in
            if !heard.isFull { heard.ticks.append(tick) }
            return heard.isFull
        }
        if isFull { throw .full(reason: "the test says so") }
    }

    func erased(
        _ clock: ClockID, series: Set<SeriesID>, places: [Placement],
        in range: ClosedRange<Timestamp>
    ) {}

    func closed(_ clock: ClockID) { heard.withLock { $0.closed.append(clock) } }

    func settle() async throws(SinkError) {}
}

let ever = Timestamp.distantPast...Timestamp.distantFuture

/// A writer that gives out numbers as a scraper does.
struct Writer {
    let clock: any SampleClock
    private var numbers: [Labels: UInt32] = [:]
    private var free: [UInt32] = []
    private var before: [UInt32] = []

    init(_ head: Head, _ name: String = "a") async throws {
        clock = try await head.open(
            ClockKey(kind: .scrape, name: name, place: "http://\(name)/metrics"),
            interval: .seconds(30))
    }

    /// Says `samples` at `time`, and nothing more of the series in `ended`.
    mutating func tick(
        _ time: Timestamp, _ samples: [(Labels, Double)], times: [Timestamp?] = [],
        ended: [Labels] = [], change: (inout SampleBatch) -> Void = { _ in }
    ) throws {
        var batch = SampleBatch(time: time)
        for (labels, value) in samples {
            batch.series.append(number(labels, &batch))
            batch.values.append(value)
        }
        batch.times = times.map { $0?.milliseconds ?? SampleBatch.noTime }
        batch.isSameLayout = batch.series == before
        before = batch.series
        for labels in ended {
            guard let number = numbers.removeValue(forKey: labels) else { continue }
            batch.retired.append(number)
            free.append(number)
        }
        change(&batch)
        try clock.append(batch)
    }

    mutating func number(_ labels: Labels, _ batch: inout SampleBatch) -> UInt32 {
        if let known = numbers[labels] { return known }
        // Numbers that are free are used again at once, as nothing forbids.
        let number = free.popLast() ?? UInt32(numbers.count)
        numbers[labels] = number
        batch.newSeries.append(NewSeries(number: number, labels: labels))
        return number
    }
}

extension Series {
    /// Times and bits, to compare them.
    var points: [Int64: UInt64] {
        Dictionary(
            uniqueKeysWithValues: zip(times, values).map { ($0.milliseconds, $1.bitPattern) })
    }
}
