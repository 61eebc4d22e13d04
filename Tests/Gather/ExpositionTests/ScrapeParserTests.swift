import Exposition
import Model
import Testing

/// What the parser remembers from scrape to scrape.
struct ScrapeParserTests {
    @Test func `a series is told once, and keeps its number`() {
        var reader = Reader()
        _ = reader.read("a 1\nb 2\n")
        #expect(reader.facts.newSeries.map(\.number) == [0, 1])
        _ = reader.read("a 1\nb 3\n")
        #expect(reader.facts.newSeries.isEmpty)
        #expect(reader.facts.isSameLayout)
        #expect(reader.facts.series == [0, 1])
        #expect(reader.facts.values == [1, 3])
        #expect(reader.unknown == 0)
    }

    @Test func `a series that is gone is told, and known again when it is back`() {
        var reader = Reader()
        _ = reader.read("a 1\nb 2\nc 3\n")
        _ = reader.read("a 1\nc 3\n")
        #expect(reader.facts.gone == [1])
        #expect(!reader.facts.isSameLayout)
        _ = reader.read("a 1\nc 3\nb 2\n")
        #expect(reader.facts.gone.isEmpty)
        #expect(reader.facts.newSeries.isEmpty)
        #expect(reader.facts.series == [0, 2, 1])
    }

    @Test func `what a failed scrape told is told again`() {
        var reader = Reader()
        _ = reader.read("a 1\n")
        #expect(reader.read("a 2\nb 1\nc{\n").error != nil)
        let reading = reader.read("a 2\nb 1\n")
        #expect(reading.error == nil)
        #expect(reader.facts.newSeries.map(\.labels.metric) == ["b"])
        #expect(reader.unknown == 0)
    }

    @Test func `numbers of series that stay away are retired and used again`() {
        var reader = Reader()
        var retired = 0
        for round in 0..<20 {
            let body = (0..<50).map { "churn{round=\"\(round)\",n=\"\($0)\"} 1\n" }.joined()
            #expect(reader.read(body).samples.count == 50)
            retired += reader.facts.retired.count
        }
        #expect(retired > 500)
        #expect(reader.facts.series.allSatisfy { $0 < 600 })
        #expect(reader.unknown == 0)
    }

    @Test func `another format begins anew`() {
        var reader = Reader()
        _ = reader.read("a 1\nb 2\n")
        _ = reader.read("a 1\n# EOF\n", .openMetrics100)
        #expect(reader.facts.retired.sorted() == [0, 1])
        #expect(reader.facts.gone.sorted() == [0, 1])
        #expect(reader.facts.newSeries.map(\.labels.metric) == ["a"])
        #expect(reader.unknown == 0)
    }

    @Test func `names that begin alike are not taken for each other`() {
        var reader = Reader()
        _ = reader.read("d 4\nb 1\n")
        #expect(reader.read("d1\nb 1\n").error != nil)
        #expect(reader.read("d1 7\nb 1\n")[#"{__name__="d1"}"#] == 7)
    }

    /// Lines shuffled, dropped, doubled and changed: whatever is remembered, a fresh parser says
    /// the same.
    @Test func `memory changes nothing that is said`() {
        var random = SeededRandom(seed: 7)
        var reader = Reader()
        let lines = (0..<60).map { "metric_\($0 % 7){n=\"\($0)\"} " }
        for round in 0..<200 {
            var body = ""
            for line in round % 10 == 0 ? lines.shuffled(using: &random) : lines {
                switch random.next() % 40 {
                case 0: continue
                case 1: body += "# TYPE metric_\(random.next() % 7) gauge\n"
                case 2: body += line + "1 \(random.next() % 1000)\n"
                case 3: body += "new{n=\"\(random.next() % 100)\"} 1\n"
                case 4: body += line + "\(Double(random.next() % 1000) / 7)\n"
                default: break
                }
                body += line + "5\n"
            }
            var fresh = Reader()
            let expected = fresh.read(body)
            #expect(expected.error == nil)
            #expect(reader.read(body, pieces: 1 + Int(random.next() % 300)) == expected)
        }
        #expect(reader.unknown == 0)
    }
}
