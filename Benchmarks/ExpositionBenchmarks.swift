import Exposition
import Glibc
import Model

/// Bodies of a real machine, scraped every five seconds: read with and without memory, and written.
enum ExpositionBenchmarks {
    static func run(_ report: inout BenchmarkReport) async throws {
        let frames = try bodies()
        guard frames.count > 1 else {
            report.add("exposition: no frames at ../shared/frames, nothing measured", 0, "")
            return
        }
        var first = ScrapeParser()
        let samples = pass(frames, &first)
        report.add("exposition: samples in all frames", Double(samples), "samples")
        let repeated = measure("repeated layout", frames, samples, bar: "≥ 25", into: &report) {
            ScrapeParser()
        }
        let peer = try await ParserPeer.measure(frames)
        report.add("exposition: Prometheus's text parser", peer.parsing, "ns a sample")
        report.add("exposition: all of Prometheus's scraping", peer.scraping, "ns a sample")
        report.add(
            "exposition: times as fast as Prometheus's text parser", peer.parsing / repeated, "",
            bar: "≥ 10")
        measure("by hash look-up", frames, samples, bar: "≥ 7", into: &report) {
            ScrapeParser(prediction: false)
        }
        measureChanges(frames, into: &report)
        measureFirst(frames[0], into: &report)
        for format in [ExpositionFormat.text004, .openMetrics100, .protobuf] {
            write(frames, format, into: &report)
            writeHistograms(format, into: &report)
        }
    }

    /// Scrapes that do not repeat the last one's layout, so that each is learned anew.
    private static func measureChanges(_ frames: [[UInt8]], into report: inout BenchmarkReport) {
        let gaps = frames.indices.map { $0 % 2 == 0 ? frames[$0] : withoutALine(frames[$0]) }
        let orders = frames.indices.map { shuffled(frames[$0], seed: UInt64($0)) }
        let changes = [("a series comes and goes", gaps), ("families in another order", orders)]
        for (what, bodies) in changes {
            var parser = ScrapeParser()
            measure(what, bodies, pass(bodies, &parser), bar: "", into: &report) { ScrapeParser() }
        }
    }

    /// A body without its hundredth sample.
    private static func withoutALine(_ body: [UInt8]) -> [UInt8] {
        var lines = body.split(separator: UInt8(ascii: "\n"))
        let samples = lines.indices.filter { lines[$0].first != UInt8(ascii: "#") }
        lines.remove(at: samples[99])
        return Array(lines.joined(separator: [UInt8(ascii: "\n")])) + [UInt8(ascii: "\n")]
    }

    /// A body whose families' samples stand in another order, as those of a hash table do.
    private static func shuffled(_ body: [UInt8], seed: UInt64) -> [UInt8] {
        var state = seed &* 0x9e37_79b9_7f4a_7c15 | 1
        var all: [ArraySlice<UInt8>] = []
        var family: [ArraySlice<UInt8>] = []
        func flush() {
            while !family.isEmpty {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                all.append(family.remove(at: Int(state >> 33) % family.count))
            }
        }
        for line in body.split(separator: UInt8(ascii: "\n")) {
            if line.first == UInt8(ascii: "#") {
                flush()
                all.append(line)
            } else {
                family.append(line)
            }
        }
        flush()
        return Array(all.joined(separator: [UInt8(ascii: "\n")])) + [UInt8(ascii: "\n")]
    }

    /// What the first scrape of a target costs: every line is validated.
    private static func measureFirst(_ body: [UInt8], into report: inout BenchmarkReport) {
        var samples = 0
        let seconds = BenchmarkReport.median {
            for _ in 0..<20 {
                var parser = ScrapeParser()
                samples = pass([body], &parser)
            }
        }
        let million = Double(samples * 20) / seconds / 1e6
        report.add("exposition: first scrape of a target", million, "M samples/s a core")
    }

    /// Writes the frames' values, family by family, into series that were prepared once; and as
    /// families that are told anew each time.
    private static func write(
        _ frames: [[UInt8]], _ format: ExpositionFormat, into report: inout BenchmarkReport
    ) {
        let families = families(of: frames[0])
        let columns = frames.prefix(60).compactMap { Self.columns(of: $0, like: families) }
        let samples = families.reduce(0) { $0 + $1.points.count }
        guard !columns.isEmpty else { return }
        var writer = ExpositionWriter(format)
        let written = families.map { writer.prepare($0) }
        let times = (0..<samples).map { _ in Int64(1_700_000_000_123) }
        let seconds = BenchmarkReport.median(of: 7) {
            for values in columns {
                writer.bytes.removeAll(keepingCapacity: true)
                for (family, column) in zip(written, values) {
                    writer.write(family, column.span)
                }
                writer.finish()
            }
        }
        let rate = Double(samples * columns.count) / seconds / 1e6
        report.add(
            "exposition: written as \(format.rawValue), prepared", rate, "M samples/s a core",
            bar: "≥ 10")
        let timed = BenchmarkReport.median(of: 7) {
            for values in columns {
                writer.bytes.removeAll(keepingCapacity: true)
                for (family, column) in zip(written, values) {
                    writer.write(
                        family, column.span, times: times.span.extracting(0..<column.count))
                }
                writer.finish()
            }
        }
        report.add(
            "exposition: written as \(format.rawValue), prepared, with times",
            Double(samples * columns.count) / timed / 1e6, "M samples/s a core")
        let once = BenchmarkReport.median {
            for _ in 0..<20 {
                writer.bytes.removeAll(keepingCapacity: true)
                for family in families { writer.write(family) }
                writer.finish()
            }
        }
        report.add(
            "exposition: written as \(format.rawValue), told anew",
            Double(samples * 20) / once / 1e6, "M samples/s a core")
    }

    /// A hundred histograms of twelve buckets each, whose counts grow from body to body.
    private static func writeHistograms(
        _ format: ExpositionFormat, into report: inout BenchmarkReport
    ) {
        let bounds = ["0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1.0", "2.5", "5.0"]
        let points = (0..<100).flatMap { handler in
            let labels = [Label("code", "200"), Label("handler", "/api/v1/route\(handler)")]
            let buckets = (bounds + ["10.0", "+Inf"]).map {
                MetricPoint("_bucket", labels + [Label("le", $0)], 1)
            }
            return buckets + [MetricPoint("_count", labels, 1), MetricPoint("_sum", labels, 1)]
        }
        let metadata = MetricMetadata(type: .histogram, help: "Help.")
        var writer = ExpositionWriter(format)
        let family = writer.prepare(MetricFamily("http_request_seconds", metadata, points))
        let bodies = (0..<60).map { body in
            points.indices.map { Double(body * 977 + $0 % 14 * 1313) }
        }
        let seconds = BenchmarkReport.median(of: 7) {
            for values in bodies {
                writer.bytes.removeAll(keepingCapacity: true)
                writer.write(family, values.span)
                writer.finish()
            }
        }
        report.add(
            "exposition: histograms written as \(format.rawValue), prepared",
            Double(points.count * bodies.count) / seconds / 1e6, "M samples/s a core", bar: "≥ 10")
    }

    /// The values of a frame by family; nothing where the frame has other series.
    private static func columns(of body: [UInt8], like families: [MetricFamily]) -> [[Double]]? {
        let told = self.families(of: body)
        guard told.map(\.points.count) == families.map(\.points.count) else { return nil }
        return told.map { $0.points.map(\.value) }
    }

    private static func families(of body: [UInt8]) -> [MetricFamily] {
        var parser = ScrapeParser()
        guard pass([body], &parser) > 0 else { return [] }
        var families: [MetricFamily] = []
        for (index, new) in parser.batch.newSeries.enumerated() {
            let name = new.labels.metric
            let value = parser.batch.values[index]
            let labels = new.labels.filter { $0.name != LabelName.metric }
            if families.last?.name != name {
                families.append(MetricFamily(name, MetricMetadata(type: .gauge, help: "Help."), []))
            }
            families[families.count - 1].points.append(MetricPoint("", labels, value))
        }
        return families
    }

    /// Reads all frames with a parser that has seen them, a round at a time; gives what a sample
    /// took, in nanoseconds.
    @discardableResult
    private static func measure(
        _ what: String, _ frames: [[UInt8]], _ samples: Int, bar: String,
        into report: inout BenchmarkReport, _ make: () -> ScrapeParser
    ) -> Double {
        var parser = make()
        precondition(pass(frames, &parser) == samples, "BUG: the frames were not read")
        let rounds = 4
        let seconds = BenchmarkReport.median(of: 7) {
            for _ in 0..<rounds {
                precondition(pass(frames, &parser) == samples, "BUG: the frames were not read")
            }
        }
        let million = Double(samples * rounds) / seconds / 1e6
        let nanoseconds = seconds / Double(samples * rounds) * 1e9
        report.add("exposition: \(what)", million, "M samples/s a core", bar: bar)
        report.add("exposition: \(what)", nanoseconds, "ns a sample")
        return nanoseconds
    }

    /// One round in pieces of 16 KB, as curl brings them.
    private static func pass(_ frames: [[UInt8]], _ parser: inout ScrapeParser) -> Int {
        var samples = 0
        for body in frames {
            parser.begin(.text004)
            do throws(ExpositionError) {
                var at = 0
                while at < body.count {
                    let end = min(at + 16_384, body.count)
                    try parser.feed(body.span.extracting(at..<end))
                    at = end
                }
                try parser.finish()
            } catch {
                return 0
            }
            samples += parser.batch.count
        }
        return samples
    }

    /// The frames beside the project, unpacked for the time of the run.
    static func bodies() throws -> [[UInt8]] {
        let parts = #filePath.split(separator: "/").dropLast(3)
        let archive = "/" + parts.joined(separator: "/") + "/shared/frames/frames.tar.xz"
        var folder = Array("/tmp/weir-frames-XXXXXX".utf8CString)
        // Safe: `mkdtemp` only replaces the last six letters.
        guard access(archive, R_OK) == 0, unsafe mkdtemp(&folder) != nil else { return [] }
        let path = String(decoding: folder.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        defer { run("rm -r '\(path)'") }
        run("tar -xJf '\(archive)' -C '\(path)'")
        return (0..<240).compactMap { number in
            let name = String(number)
            let zeros = String(repeating: "0", count: 4 - name.utf8.count)
            return contents(of: path + "/" + zeros + name + ".txt")
        }
    }

    private static func run(_ command: String) {
        // Safe: the pipe is closed at once, which waits for the command's end.
        if let pipe = unsafe popen(command, "r") { unsafe pclose(pipe) }
    }

    private static func contents(of path: String) -> [UInt8]? {
        // Safe: the file is closed in this function, and no more is read than there is room.
        guard let file = unsafe fopen(path, "r") else { return nil }
        defer { unsafe fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        let count = unsafe fread(&bytes, 1, bytes.count, file)
        return Array(bytes[..<count])
    }
}
