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
