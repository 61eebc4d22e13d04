import Exposition
import Model

/// What a body said, free of how it was cut and of what the parser knew before.
struct Reading: Equatable {
    struct Sample: Hashable {
        var labels: Labels
        var bits: UInt64
        var time: Int64
    }

    struct Example: Hashable {
        var labels: Labels
        var exemplar: Labels
        var bits: UInt64
        var time: Timestamp?
    }

    var error: ExpositionError?
    var samples: [Sample] = []
    var exemplars: [Example] = []
    var histograms: [String] = []
    var skipped = 0

    /// The value of a series, by its labels as Prometheus prints them.
    subscript(labels: String) -> Double? {
        samples.first { $0.labels.description == labels }.map { Double(bitPattern: $0.bits) }
    }
}

/// A parser, and beside it what a scrape loop keeps: the labels of each number.
struct Reader: ~Copyable {
    var parser: ScrapeParser
    private var series: [UInt32: Labels] = [:]
    /// A series that came without having been announced: a fault of the parser.
    var unknown = 0
    /// What the families said in all scrapes so far.
    var metadata: [String: MetricMetadata] = [:]

    init(_ options: ParserOptions = ParserOptions()) { parser = ScrapeParser(options: options) }

    /// Reads a body in pieces of `size` bytes.
    mutating func read(
        _ body: [UInt8], _ format: ExpositionFormat = .text004, pieces size: Int = .max
    ) -> Reading {
        var cuts = Array(stride(from: 0, to: body.count, by: min(size, max(1, body.count))))
        cuts.append(body.count)
        return read(body, format, cuts: cuts)
    }

    /// Reads a body in two pieces.
    mutating func read(_ body: [UInt8], _ format: ExpositionFormat, cutAt cut: Int) -> Reading {
        read(body, format, cuts: [0, cut, body.count])
    }

    private mutating func read(
        _ body: [UInt8], _ format: ExpositionFormat, cuts: [Int]
    ) -> Reading {
        parser.begin(format)
        var reading = Reading()
        do throws(ExpositionError) {
            for (start, end) in zip(cuts, cuts.dropFirst()) {
                try parser.feed(body.span.extracting(start..<end))
            }
            try parser.finish()
        } catch {
            reading.error = error
            return reading
        }
        learn()
        for index in 0..<parser.batch.count {
            let time =
                parser.batch.times.isEmpty ? ScrapeBatch.noTime : parser.batch.times[index]
            reading.samples.append(
                Reading.Sample(
                    labels: labels(of: parser.batch.series[index]),
                    bits: parser.batch.values[index].bitPattern, time: time))
        }
        for exemplar in parser.batch.exemplars {
            reading.exemplars.append(
                Reading.Example(
                    labels: labels(of: exemplar.series), exemplar: exemplar.labels,
                    bits: exemplar.value.bitPattern, time: exemplar.time))
        }
        for sample in parser.batch.histograms {
            reading.histograms.append("\(labels(of: sample.series)) \(sample.histogram)")
        }
        reading.skipped = parser.batch.skipped
        return reading
    }

    mutating func read(
        _ body: String, _ format: ExpositionFormat = .text004, pieces size: Int = .max
    ) -> Reading {
        read(Array(body.utf8), format, pieces: size)
    }

    /// What the last batch says beside its samples.
    var facts: Facts {
        Facts(
            isSameLayout: parser.batch.isSameLayout, series: parser.batch.series,
            values: parser.batch.values, newSeries: parser.batch.newSeries,
            gone: parser.batch.gone, retired: parser.batch.retired,
            metadata: parser.batch.metadata, skipped: parser.batch.skipped,
            faults: parser.batch.faults)
    }

    struct Facts {
        var isSameLayout: Bool
        var series: [UInt32]
        var values: [Double]
        var newSeries: [NewSeries]
        var gone: [UInt32]
        var retired: [UInt32]
        var metadata: [FamilyMetadata]
        var skipped: Int
        var faults: [ExpositionError]
    }

    private mutating func learn() {
        for number in parser.batch.retired { series[number] = nil }
        for new in parser.batch.newSeries {
            if series[new.number] != nil { unknown += 1 }
            series[new.number] = new.labels
        }
        for family in parser.batch.metadata { metadata[family.family] = family.metadata }
    }

    private mutating func labels(of number: UInt32) -> Labels {
        guard let labels = series[number] else {
            unknown += 1
            return Labels()
        }
        return labels
    }
}

/// What must hold for any bytes whatsoever; the fuzz target and the suite both ask it.
///
/// The first byte of `input` picks format, rules and mode, the second the size of pieces.
func disagreement(over input: [UInt8]) -> String? {
    guard input.count > 2 else { return nil }
    var options = ParserOptions()
    let formats = ExpositionFormat.allCases
    let format = formats[Int(input[0] & 15) % formats.count]
    options.rules = input[0] & 16 == 0 ? .asPrometheus : .strict
    options.parseErrors = ParseErrorMode.allCases[Int(input[0] >> 5) % 3]
    options.keepsClassicHistograms = input[0] & 128 != 0
    let body = Array(input[2...])
    var reader = Reader(options)
    let whole = reader.read(body, format)
    var other = Reader(options)
    let cut = other.read(body, format, pieces: Int(input[1] & 63) + 1)
    if cut != whole { return "cut into pieces: \(cut)\nwhole: \(whole)" }
    let again = reader.read(body, format, pieces: Int(input[1]) + 1)
    if again != whole { return "again: \(again)\nfirst: \(whole)" }
    _ = reader.read(Array(body.prefix(body.count / 2)), format)
    _ = reader.read(Array(body.suffix(body.count * 2 / 3)), format, pieces: 7)
    let after = reader.read(body, format)
    if after != whole { return "after other bodies: \(after)\nfirst: \(whole)" }
    if reader.unknown > 0 { return "a series that was not announced, or twice" }
    return nil
}
