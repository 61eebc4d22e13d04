import Exposition
import Glibc

/// Bodies of a real machine, scraped every five seconds: read with and without memory, and written.
enum ExpositionBenchmarks {
    static func run(_ report: inout BenchmarkReport) throws {
        let frames = try bodies()
        guard frames.count > 1 else {
            report.add("exposition: no frames at ../shared/frames, nothing measured", 0, "")
            return
        }
        let perRound = try read(frames, ScrapeParser()).samples
        report.add("exposition: samples in all frames", Double(perRound), "samples")
        measure("repeated layout", frames, perRound, bar: "≥ 25", into: &report) { ScrapeParser() }
        measure("by hash look-up", frames, perRound, bar: "≥ 7", into: &report) {
            ScrapeParser(prediction: false)
        }
    }

    /// Reads all frames with a parser that has seen them, a round at a time.
    private static func measure(
        _ what: String, _ frames: [[UInt8]], _ samples: Int, bar: String,
        into report: inout BenchmarkReport, _ make: () -> ScrapeParser
    ) {
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
        report.add("exposition: \(what)", nanoseconds, "ns a sample", peer: peer)
    }

    private static let peer = "Prometheus 2.42's parser: 410–444 ns (measured elsewhere)"

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

    private static func read(
        _ frames: [[UInt8]], _ parser: consuming ScrapeParser
    ) throws -> (samples: Int, Void) {
        var parser = parser
        return (pass(frames, &parser), ())
    }

    /// The unpacked frames, in their order.
    static func bodies() throws -> [[UInt8]] {
        guard let folder = getenv("WEIR_FRAMES").map({ String(cString: $0) }) else { return [] }
        return (0..<240).compactMap { number in
            let name = String(number)
            return contents(
                of: folder + "/" + String(repeating: "0", count: 4 - name.utf8.count) + name + ".txt")
        }
    }

    private static func contents(of path: String) -> [UInt8]? {
        guard let file = fopen(path, "r") else { return nil }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        let count = fread(&bytes, 1, bytes.count, file)
        return Array(bytes[..<count])
    }
}
