import Exposition
import Model
import Testing

/// The classic text format.
struct TextTests {
    @Test(
        arguments: [
            ("a 1", #"{__name__="a"}"#, 1),
            ("a{} 1", #"{__name__="a"}"#, 1),
            ("  a \t { b = \"c\" , d=\"e\", }  2 ", #"{__name__="a", b="c", d="e"}"#, 2),
            (#"a{b="\\\n\"\x"} 3"#, #"{__name__="a", b="\\\n\"\\x"}"#, 3),
            (#"a{b="c"d="e"} 1"#, #"{__name__="a", b="c", d="e"}"#, 1),
            (#"a{b="}"}1"#, #"{__name__="a", b="}"}"#, 1),
            ("a+1", #"{__name__="a"}"#, 1),
            (":a:b 1", #"{__name__=":a:b"}"#, 1),
            (#"{"my.metric","a b"="c"} 4"#, #"{__name__="my.metric", "a b"="c"}"#, 4),
            (#"{a="b","x"} 4"#, #"{__name__="x", a="b"}"#, 4),
            (#"a{empty=""} 1"#, #"{__name__="a"}"#, 1),
            (
                "# HELP a text\n# TYPE a histogram\na_bucket{le=\"1\"} 1",
                #"{__name__="a_bucket", le="1.0"}"#, 1
            ),
            ("# TYPE a summary\na{quantile=\"1e0\"} 1", #"{__name__="a", quantile="1.0"}"#, 1),
            ("# TYPE a gauge\na{le=\"1\"} 1", #"{__name__="a", le="1"}"#, 1),
            ("#TYPE a b\n#\n# anything\n\n \na 1", #"{__name__="a"}"#, 1),
        ] as [(String, String, Double)])
    func `a line reads as Prometheus reads it`(body: String, series: String, value: Double) {
        var reader = Reader()
        let reading = reader.read(body)
        #expect(reading.error == nil && reading.samples.count == 1)
        #expect(reading[series] == value)
    }

    @Test(arguments: [
        ("a", "line 1, column 2: expected a value\n  a\n   ^"),
        (
            "a{b=1} 1",
            "line 1, column 5: expected a label value in double quotes\n  a{b=1} 1\n      ^"
        ),
        (
            "ok 1\na{b=\"c} 1",
            "line 2, column 5: expected a double quote that ends this label value"
        ),
        ("a{b} 1", "line 1, column 4: expected an equals sign"),
        ("a{b=\"c\",b=\"d\"} 1", "line 1, column 9: expected each label once"),
        ("a{1=\"c\"} 1", "line 1, column 3: expected a label name"),
        ("{b=\"c\"} 1", "line 1, column 1: expected a metric name, before or within the braces"),
        ("{\"b\",\"c\"} 1", "line 1, column 9: expected an equals sign; the metric has its name"),
        ("a 1 x", "line 1, column 5: expected a timestamp in milliseconds"),
        ("a 1 99999999999999999999", "line 1, column 5: expected a timestamp in milliseconds"),
        ("a 1 2 3", "line 1, column 7: expected the end of the line"),
        ("a 0x1p3", "line 1, column 3: expected a number"),
        ("a 1\r", "line 1, column 3: expected a number"),
        ("1a 1", "line 1, column 1: expected a metric name"),
        (
            "# TYPE a foo",
            "line 1, column 10: expected a type: counter, gauge, histogram, summary or"
        ),
        ("# HELP 1", "line 1, column 8: expected a metric name"),
    ])
    func `an error says line, column and what was expected`(body: String, start: String) {
        var reader = Reader()
        let text = reader.read(body).error.map { "\($0)" } ?? "no error"
        #expect(text.hasPrefix(start), "\(text)")
    }

    @Test func `a long line is shown around the fault, and the caret still points at it`() throws {
        var reader = Reader()
        let body = "a{b=\"" + String(repeating: "x", count: 200) + "\",c=1} 1"
        let error = try #require(reader.read(body).error)
        let lines = "\(error)".split(separator: "\n")
        #expect(lines[0].hasPrefix("line 1, column 210:"))
        #expect(lines[1].utf8.count <= 82)
        let caret = try #require(lines[2].utf8.firstIndex(of: UInt8(ascii: "^")))
        let place = lines[2].utf8.distance(from: lines[2].startIndex, to: caret)
        #expect(Array(lines[1].utf8)[place] == UInt8(ascii: "1"))
    }

    @Test func `bytes that are no UTF-8 are refused in labels and help`() {
        var reader = Reader()
        let bad: [UInt8] = Array("a{b=\"".utf8) + [0xff] + Array("\"} 1\n".utf8)
        #expect("\(String(describing: reader.read(bad).error))".contains("UTF-8"))
        let help: [UInt8] = Array("# HELP a ".utf8) + [0xc3, 0x28, 0x0a]
        #expect("\(String(describing: reader.read(help).error))".contains("UTF-8"))
    }

    @Test func `timestamps are kept, and so is their absence`() {
        var reader = Reader()
        let reading = reader.read("a 1 123\nb 2\nc 3 -5\n")
        #expect(reading.samples.map(\.time) == [123, ScrapeBatch.noTime, -5])
        #expect(reader.read("a 1\nb 2\nc 3\n").samples.allSatisfy { $0.time == ScrapeBatch.noTime })
    }

    @Test func `metadata is told once, and again when it differs`() {
        var reader = Reader()
        _ = reader.read("# HELP a some\\nhelp \\\\ here\n# TYPE a counter\na 1\n")
        #expect(reader.metadata["a"] == MetricMetadata(type: .counter, help: "some\nhelp \\ here"))
        #expect(reader.facts.metadata.count == 1)
        _ = reader.read("# HELP a some\\nhelp \\\\ here\n# TYPE a counter\na 2\n")
        #expect(reader.facts.metadata.isEmpty)
        _ = reader.read("# HELP a other\n# TYPE a counter\na 2\n")
        #expect(reader.metadata["a"]?.help == "other")
    }

    @Test func `an endless line has a limit`() {
        var options = ParserOptions()
        options.lineLimit = 1000
        var reader = Reader(options)
        let error = reader.read("a 1\nb{c=\"" + String(repeating: "x", count: 5000), pieces: 100)
            .error
        #expect(error == .tooLong(line: 2, limit: 1000))
    }

    @Test func `what a mode leaves out is counted, and the rest is read`() {
        let body =
            "a 1\n# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"2\"} x\nh_sum 1\nb 2\n"
        var options = ParserOptions()
        options.parseErrors = .skipLine
        var lines = Reader(options)
        #expect(lines.read(body).samples.count == 4)
        #expect(lines.facts.skipped == 1)
        #expect("\(lines.facts.faults)".contains("line 4"))
        options.parseErrors = .skipFamily
        var families = Reader(options)
        for _ in 0..<3 {
            let reading = families.read(body)
            #expect(reading.samples.map(\.labels.metric) == ["a", "b"])
            #expect(reading.skipped == 3)
        }
    }
}
