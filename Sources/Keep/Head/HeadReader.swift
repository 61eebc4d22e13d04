import Model
import Threads

/// Reads what series said in a range of time, clock by clock.
///
/// It looks at each clock once, so that all series of one clock are of one moment and share their
/// times.
struct HeadReader {
    /// A clock as it was when the first of its series was read.
    private final class View {
        let history: History
        let ticks: Range<Int>
        let times: [Timestamp]
        let hasLoose: Bool

        init(_ clock: HeadClock, _ range: ClosedRange<Timestamp>) {
            history = clock.history.withLock { $0 }
            ticks = history.ticks(in: range)
            times = history.times(of: ticks)
            hasLoose = clock.loose.withLock { !$0.isEmpty }
        }
    }

    private let range: ClosedRange<Timestamp>
    private let clocks: [HeadClock?]
    private var views: [View?]
    private var spare = [UInt64](repeating: 0, count: ColumnForm.longest)

    init(_ head: Head, _ range: ClosedRange<Timestamp>) {
        self.range = range
        clocks = head.clockSlots
        views = Array(repeating: nil, count: clocks.count)
    }

    private mutating func view(_ number: UInt32) -> View? {
        guard number < clocks.count else { return nil }
        if let view = views[Int(number)] { return view }
        views[Int(number)] = clocks[Int(number)].map { View($0, range) }
        return views[Int(number)]
    }

    /// What the series said, or `nil` where that is nothing.
    mutating func series(_ found: Found) -> Series? {
        guard found.homes.count == 1, let home = found.homes.first, let view = view(home.clock),
            !view.hasLoose
        else { return merged(found) }
        guard let column = column(view, Place(number: home.place)) else { return nil }
        return Series(labels: found.labels, times: column.times, values: column.values)
    }

    private mutating func column(
        _ view: View, _ place: Place
    ) -> (times: [Timestamp], values: [Double])? {
        guard !view.ticks.isEmpty, place != .beside else { return nil }
        let count = view.ticks.count
        var absent = count
        // Safe: a double and its bits take the same room, and `read` writes each of them.
        let values = unsafe [Double](unsafeUninitializedCapacity: count) { buffer, filled in
            guard let base = buffer.baseAddress else { return }
            let bits = unsafe UnsafeMutableRawPointer(base).bindMemory(
                to: UInt64.self, capacity: count)
            let isPresent = unsafe spare.withUnsafeMutableBufferPointer { spare in
                guard let room = spare.baseAddress else { return false }
                return unsafe view.history.read(place, view.ticks, into: bits, spare: room)
            }
            if isPresent {
                absent = 0
                for index in 0..<count where unsafe bits[index] == Absent.bits { absent += 1 }
            }
            unsafe UnsafeMutableRawPointer(base).bindMemory(to: Double.self, capacity: count)
            filled = isPresent ? count : 0
        }
        if absent == count { return nil }
        if absent == 0 { return (view.times, values) }
        let present = values.indices.filter { !values[$0].isAbsent }
        return (present.map { view.times[$0] }, present.map { values[$0] })
    }

    /// What the series said in all clocks and beside their ticks; of one instant what stands last
    /// here: a loose sample before a tick's, a newer clock before an older.
    private mutating func merged(_ found: Found) -> Series? {
        var samples: [(time: Timestamp, value: Double)] = []
        var histograms: [HistogramPoint] = []
        let homes = found.homes.sorted { ($0.clock, $0.place) < ($1.clock, $1.place) }
        for home in homes {
            guard let view = view(home.clock),
                let column = column(view, Place(number: home.place))
            else { continue }
            samples += zip(column.times, column.values).map { ($0, $1) }
        }
        for number in Set(homes.map(\.clock)).sorted() {
            guard let view = view(number), view.hasLoose, let clock = clocks[Int(number)] else {
                continue
            }
            let range = range
            let series = found.series.number
            let (more, points) = clock.loose.withLock { loose in
                (loose.samples(of: series, in: range), loose.histograms(of: series, in: range))
            }
            samples += more
            histograms += points
        }
        let (times, values) = Self.inOrder(&samples)
        histograms = Self.inOrder(histograms).filter {
            times.indices(in: $0.time...$0.time).isEmpty
        }
        if times.isEmpty && histograms.isEmpty { return nil }
        return Series(labels: found.labels, times: times, values: values, histograms: histograms)
    }

    private static func inOrder(
        _ samples: inout [(time: Timestamp, value: Double)]
    ) -> ([Timestamp], [Double]) {
        // The sort is stable, so that the last of an instant is still the last.
        let isSorted = zip(samples, samples.dropFirst()).allSatisfy { $0.time < $1.time }
        if !isSorted { samples.sort { $0.time < $1.time } }
        var times: [Timestamp] = []
        var values: [Double] = []
        for (time, value) in samples {
            if times.last == time {
                values[values.count - 1] = value
            } else {
                times.append(time)
                values.append(value)
            }
        }
        return (times, values)
    }

    private static func inOrder(_ points: [HistogramPoint]) -> [HistogramPoint] {
        var ordered: [HistogramPoint] = []
        for point in points.sorted(by: { $0.time < $1.time }) {
            if ordered.last?.time == point.time { ordered.removeLast() }
            ordered.append(point)
        }
        return ordered
    }
}

extension Loose {
    var isEmpty: Bool { samples.isEmpty && histograms.isEmpty }

    func samples(
        of series: UInt32, in range: ClosedRange<Timestamp>
    ) -> [(time: Timestamp, value: Double)] {
        samples[series]?.samples(in: range) ?? []
    }

    func histograms(of series: UInt32, in range: ClosedRange<Timestamp>) -> [HistogramPoint] {
        histograms[series]?.filter { range.contains($0.time) } ?? []
    }
}
