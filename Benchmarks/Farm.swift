import Glibc
import Head
import Model
import Telemetry
import TestKit

/// A farm of targets that all say what the frames say, each from another frame on.
///
/// A target has about 1,492 series. The same goes into Weir's head, or into PostgreSQL, and into a
/// block of Prometheus.
struct Farm {
    let targets: Int
    let scrapes: Int
    /// Milliseconds from one scrape to the next.
    let interval: Int64
    /// The beginning of a day, which two hours and a whole day alike may span in a block.
    static let start: Int64 = 1_600_041_600_000
    /// Whether all series have one name, and their own as a label: a rate of all of them would show
    /// the same labels more than once otherwise.
    let hasOneName: Bool
    private let labels: [Labels]
    private let columns: [[Double]]

    /// `nil` where there are no frames beside the project.
    init?(
        targets: Int, scrapes: Int, every interval: Int64 = 15_000, hasOneName: Bool = false
    ) throws {
        guard let frames = try Frames.read() else { return nil }
        (self.targets, self.scrapes, self.hasOneName) = (targets, scrapes, hasOneName)
        self.interval = interval
        // A frame was taken every 5 s.
        stride = Int(interval) / 5000
        let count = frames.count + scrapes * stride
        var columns = frames.labels.map { _ in
            [Double](repeating: Absent.value, count: count)
        }
        for index in 0..<count {
            let row = frames.values(index % frames.count, turn: index / frames.count)
            for place in row.indices { columns[place][index] = row[place] }
        }
        // A series that comes and goes would give each scrape a layout of its own.
        let lasting = columns.indices.filter { place in
            !columns[place].contains { $0.isAbsent }
        }
        labels = lasting.map { frames.labels[$0] }
        self.columns = lasting.map { columns[$0] }
        round = frames.count
    }

    private let round: Int
    private let stride: Int

    /// The frame that a target begins with: another for each of the first 240.
    private func firstFrame(_ target: Int) -> Int { target * 7 % round }

    var seriesCount: Int { targets * labels.count }
    var sampleCount: Int { seriesCount * scrapes }

    /// The series of a target.
    var width: Int { labels.count }

    /// What a target says in a scrape.
    func values(_ target: Int, _ scrape: Int) -> [Double] {
        let index = firstFrame(target) + scrape * stride
        return columns.map { $0[index] }
    }

    func labels(_ place: Int, of target: Int) -> Labels {
        var builder = LabelsBuilder(labels[place])
        let digits = String(target)
        builder["instance"] =
            "target-" + String(repeating: "0", count: 5 - digits.utf8.count)
            + digits
        builder["job"] = "farm"
        if hasOneName {
            builder["metric"] = labels[place].metric
            builder[LabelName.metric] = "farm_total"
        }
        return Labels(builder)
    }

    func time(_ scrape: Int) -> Int64 { Self.start + Int64(scrape) * interval + 37 }

    /// Weir's head after all scrapes.
    func head() async throws -> Head {
        let end = Timestamp(milliseconds: time(scrapes))
        let head = Head(span: .hours(3), registry: MetricRegistry(), now: { end })
        var clocks: [any SampleClock] = []
        for target in 0..<targets {
            let key = ClockKey(kind: .scrape, name: "farm", place: "http://farm/t/\(target)")
            clocks.append(try await head.open(key, interval: TimeSpan(milliseconds: interval)))
        }
        var batch = SampleBatch(time: Timestamp(milliseconds: 0))
        for scrape in 0..<scrapes {
            for target in 0..<targets {
                batch.begin(at: Timestamp(milliseconds: time(scrape)))
                batch.isSameLayout = scrape > 0
                batch.series = Array(0..<UInt32(width))
                batch.values = values(target, scrape)
                if scrape == 0 {
                    batch.newSeries = labels.indices.map {
                        NewSeries(number: UInt32($0), labels: labels($0, of: target))
                    }
                }
                try clocks[target].append(batch)
            }
        }
        return head
    }

    /// The same as a block of Prometheus in the folder `data`.
    func writeBlock(in data: String) throws {
        var all: [(labels: Labels, target: Int, place: Int)] = []
        all.reserveCapacity(seriesCount)
        for target in 0..<targets {
            for place in labels.indices { all.append((labels(place, of: target), target, place)) }
        }
        all.sort { $0.labels < $1.labels }
        let times = (0..<scrapes).map(time)
        var block = PrometheusBlock(in: data)
        for (labels, target, place) in all {
            let first = firstFrame(target)
            let values = (0..<scrapes).map { columns[place][first + $0 * stride] }
            try block.add(labels, times, values)
        }
        try block.finish()
    }

    /// When a panel is drawn.
    func times(of panel: Panel.Times) -> QueryTimes {
        let end = Timestamp(milliseconds: Self.start + Int64(scrapes) * interval)
        switch panel {
        case .instant: return QueryTimes(from: end, to: end, step: .zero)
        case .range(let minutes, let step):
            return QueryTimes(from: end - .minutes(minutes), to: end, step: .seconds(step))
        }
    }
}

/// When something is asked.
struct QueryTimes {
    let start: Timestamp
    let end: Timestamp
    let step: TimeSpan

    init(from start: Timestamp, to end: Timestamp, step: TimeSpan) {
        (self.start, self.end, self.step) = (start, end, step)
    }
}
