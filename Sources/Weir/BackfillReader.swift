import Exposition
import Model
import Storage

/// Reads OpenMetrics text of any length, piece by piece, into a backfill.
struct BackfillReader: ~Copyable {
    private var parser = ScrapeParser(prediction: false)
    /// By the parser's numbers: who that is, and what it is called until the next flush.
    private var labels: [Labels?] = []
    private var places: [Int32] = []
    /// The last `# TYPE` line, which counts for the piece behind it too.
    private(set) var typeLine: String
    /// How many samples were read.
    private(set) var samples = 0
    /// How many lines were read.
    private(set) var lines = 0

    private static let end = Array("# EOF\n".utf8)
    private static let type = Array("# TYPE ".utf8)

    init(typeLine: String) { self.typeLine = typeLine }

    /// What series are called means nothing any more.
    mutating func startOver() {
        for index in places.indices { places[index] = -1 }
    }

    /// Reads a piece of whole lines.
    mutating func read(_ piece: [UInt8], into backfill: inout Backfill) throws {
        var end = piece.count
        if piece.suffix(Self.end.count).elementsEqual(Self.end) { end -= Self.end.count }
        parser.begin(.openMetrics100)
        do throws(ExpositionError) {
            if !typeLine.isEmpty { try parser.feed(Array("\(typeLine)\n".utf8).span) }
            try parser.feed(piece.span.extracting(0..<end))
            try parser.feed(Self.end.span)
            try parser.finish()
        } catch {
            throw UsageError("behind line \(lines): \(error)")
        }
        try take(into: &backfill)
        lines += piece.count { $0 == 0x0a }
        if let last = Self.lastTypeLine(piece) { typeLine = last }
    }

    private mutating func take(into backfill: inout Backfill) throws(UsageError) {
        for new in parser.batch.newSeries {
            let number = Int(new.number)
            while labels.count <= number {
                labels.append(nil)
                places.append(-1)
            }
            (labels[number], places[number]) = (new.labels, -1)
        }
        let count = parser.batch.count
        guard parser.batch.times.count == count else { throw withoutTime(0) }
        for index in 0..<count {
            let time = parser.batch.times[index]
            guard time != ScrapeBatch.noTime else { throw withoutTime(index) }
            let place = place(of: parser.batch.series[index], &backfill)
            backfill.add(time, parser.batch.values[index], to: place)
        }
        samples += count
        for exemplar in parser.batch.exemplars { take(exemplar, into: &backfill) }
        for family in parser.batch.metadata { backfill.add(family) }
    }

    @inline(__always)
    private mutating func place(of series: UInt32, _ backfill: inout Backfill) -> Int {
        let known = places[Int(series)]
        if known >= 0 { return Int(known) }
        let place = backfill.introduce(labels[Int(series)] ?? Labels())
        places[Int(series)] = Int32(place)
        return place
    }

    private mutating func take(_ exemplar: Exemplar, into backfill: inout Backfill) {
        guard let time = exemplar.time else { return }
        let place = place(of: exemplar.series, &backfill)
        let bits = exemplar.labels[SampleWriter.nanLabel]
        if exemplar.labels.count == 1, let bits = UInt64(bits, radix: 16),
            Double(bitPattern: bits).isNaN
        {
            backfill.replace(time.milliseconds, with: Double(bitPattern: bits), in: place)
            return
        }
        backfill.add(
            ExemplarPoint(labels: exemplar.labels, value: exemplar.value, time: time), to: place)
    }

    private func withoutTime(_ index: Int) -> UsageError {
        let series = parser.batch.series[index]
        let name = labels[Int(series)].map { "\($0)" } ?? "a series"
        return UsageError("behind line \(lines): \(name) has a sample without a time")
    }

    private static func lastTypeLine(_ piece: [UInt8]) -> String? {
        var end = piece.count
        while end > 0 {
            guard let hash = piece[..<end].lastIndex(of: UInt8(ascii: "#")) else { return nil }
            if hash == 0 || piece[hash - 1] == 0x0a, piece[hash...].starts(with: type) {
                return String(decoding: piece[hash...].prefix { $0 != 0x0a }, as: UTF8.self)
            }
            end = hash
        }
        return nil
    }
}
