import Exposition
import Model
import Testing

/// OpenMetrics's own cases, and Prometheus's sample files.
struct OpenMetricsSuiteTests {
    static var strict: ParserOptions {
        var options = ParserOptions()
        options.rules = .strict
        return options
    }

    @Test func `every case of the OpenMetrics suite is read or refused as it says`() throws {
        for (name, body, isGood) in try Files.suite() {
            var reader = Reader(Self.strict)
            let reading = reader.read(body, .openMetrics100)
            let outcome = reading.error.map(String.init(describing:)) ?? "read"
            #expect((reading.error == nil) == isGood, "\(name): \(outcome)")
        }
    }

    @Test func `every fixture cut at every byte says the same`() throws {
        for (name, body, _) in try Files.suite() {
            var reader = Reader(Self.strict)
            let whole = reader.read(body, .openMetrics100)
            for cut in 0...body.count {
                var other = Reader(Self.strict)
                let halves = other.read(body, .openMetrics100, cutAt: cut)
                #expect(halves == whole, "\(name) at \(cut)")
            }
        }
    }

    @Test func `every fixture is read by a scrape the same wherever it is cut`() throws {
        let cases = try Files.suite().map { ($0.name, $0.body, true) }
        let samples = try Files.samples().map { ($0.name, $0.body, $0.isOpenMetrics) }
        for (name, all, isOpenMetrics) in cases + samples {
            let format: ExpositionFormat = isOpenMetrics ? .openMetrics100 : .text004
            // Of long files the first lines: they are read twice for each of their bytes.
            let end = all.prefix(400).lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 }
            let body = all.count <= 400 ? all : Array(all[..<(end ?? all.count)])
            var fresh = Reader()
            let whole = fresh.read(body, format)
            var again = Reader()
            for cut in 0...body.count {
                // Fresh, and with all that the last scrape left in memory.
                var other = Reader()
                let first = other.read(body, format, cutAt: cut)
                #expect(first == whole, "\(name) at \(cut)")
                let repeated = again.read(body, format, cutAt: cut)
                #expect(repeated == whole, "\(name) at \(cut), again")
            }
        }
    }

    @Test func `the sample files are read whole, and in pieces of any size`() throws {
        for (name, body, isOpenMetrics) in try Files.samples() {
            let format: ExpositionFormat = isOpenMetrics ? .openMetrics100 : .text004
            var reader = Reader()
            let whole = reader.read(body, format)
            #expect(whole.error == nil && whole.samples.count > 20, "\(name)")
            for size in [1, 7, 64, 4096, 16384] {
                var other = Reader()
                #expect(other.read(body, format, pieces: size) == whole, "\(name), \(size)")
                #expect(reader.read(body, format, pieces: size) == whole, "\(name), again, \(size)")
            }
            #expect(reader.facts.isSameLayout)
        }
    }

    @Test func `the corpus of the fuzz target still holds`() throws {
        let names = try Files.names(in: Files.corpus)
        #expect(names.count >= 12)
        for name in names {
            #expect(
                disagreement(over: try Files.bytes(Files.corpus + "/" + name)) == nil, "\(name)")
        }
    }
}
