import Exposition
import Head
import Model
import Telemetry
import Testing

@testable import Relay

struct RelayBodyTests {
    private func filled(_ fixture: Fixture) async throws -> [FixtureTarget] {
        var a = try await FixtureTarget(fixture, "a")
        var b = try await FixtureTarget(fixture, "b")
        func bucket(_ bound: String, _ path: String) -> Labels {
            ["__name__": "took_seconds_bucket", "le": bound, "path": path, "job": "a"]
        }
        func part(_ name: String, _ path: String) -> Labels {
            ["__name__": name, "path": path, "job": "a"]
        }
        try a.tick(
            fixture.now,
            [
                (["__name__": "level", "job": "a", "at": "a \"b\"\\\n"], 1.5),
                (part("took_seconds_count", "/b"), 2), (bucket("+Inf", "/b"), 2),
                (bucket("10.0", "/b"), 1), (bucket("2.0", "/b"), 0),
                (part("took_seconds_sum", "/b"), 30), (bucket("+Inf", "/a"), 3),
                (part("took_seconds_sum", "/a"), 3), (part("took_seconds_count", "/a"), 3),
                (["__name__": "asked_total", "job": "a"], 7),
            ],
            types: ["level": .gauge, "took_seconds": .histogram, "asked": .counter]
        ) { batch, number in
            batch.exemplars = [
                Exemplar(
                    series: number(["__name__": "asked_total", "job": "a"]),
                    labels: ["trace_id": "abc"], value: 1,
                    time: Timestamp(milliseconds: 1_699_999_999_500)),
                Exemplar(
                    series: number(["__name__": "level", "job": "a", "at": "a \"b\"\\\n"]),
                    labels: ["trace_id": "abc"], value: 1, time: nil),
            ]
        }
        try b.tick(
            fixture.now,
            [(["__name__": "level", "job": "b"], -.infinity), (["__name__": "bare"], .nan)])
        return [a, b]
    }

    private static let body = """
        # HELP asked H asked
        # TYPE asked counter
        asked_total{job="a"} 7 # {trace_id="abc"} 1 1699999999.500
        # HELP bare \n\
        # TYPE bare unknown
        bare NaN
        # HELP level H level
        # TYPE level gauge
        level{at="a \\"b\\"\\\\\\n",job="a"} 1.5
        level{job="b"} -Inf
        # HELP took_seconds H took_seconds
        # TYPE took_seconds histogram
        took_seconds_bucket{job="a",le="2.0",path="/b"} 0
        took_seconds_bucket{job="a",le="10.0",path="/b"} 1
        took_seconds_bucket{job="a",le="+Inf",path="/b"} 2
        took_seconds_sum{job="a",path="/b"} 30
        took_seconds_count{job="a",path="/b"} 2
        took_seconds_bucket{job="a",le="+Inf",path="/a"} 3
        took_seconds_sum{job="a",path="/a"} 3
        took_seconds_count{job="a",path="/a"} 3
        # EOF

        """

    @Test func `families are whole, histograms in order, exemplars at their samples`() async throws
    {
        let fixture = Fixture()
        _ = try await filled(fixture)
        for packed in [false, true] {
            var question = RelayQuestion(.metrics, .openMetrics100)
            question.takesGzip = packed
            #expect(try fixture.text(question) == Self.body)
            _ = try strictly(try fixture.bytes(question), .openMetrics100)
        }
        // A reader who is bound to labels gets the same, made for himself.
        var bound = RelayQuestion(.metrics, .openMetrics100)
        bound.binding = [Matcher("nothing", equals: "")]
        #expect(try fixture.text(bound) == Self.body)
    }

    @Test func `options change how samples are shown`() async throws {
        let fixture = Fixture()
        _ = try await filled(fixture)
        var options = RelayOptions()
        options.timestamps = true
        options.dropsInfinite = true
        options.externalLabels = ["job": "x", "region": "no\"rth"]
        var question = RelayQuestion(.metrics, .text004, options: options)
        question.selectors = [[Matcher("__name__", equals: "level")], [Matcher("job", equals: "")]]
        let time = fixture.now.milliseconds
        #expect(
            try fixture.lines(question) == [
                "# TYPE bare untyped", #"bare{job="x",region="no\"rth"} NaN \#(time)"#,
                "# HELP level H level", "# TYPE level gauge",
                #"level{at="a \"b\"\\\n",job="a",region="no\"rth"} 1.5 \#(time)"#,
            ])
    }

    @Test func `Weir's own metrics join the families of targets`() async throws {
        let fixture = Fixture()
        _ = try await filled(fixture)
        var question = RelayQuestion(.metrics, .openMetrics100)
        question.own = [
            Telemetry.MetricFamily(
                name: "level", metadata: .init(type: .gauge, help: "Own."),
                lines: [.init(labels: ["own": "1"], value: 9)]),
            Telemetry.MetricFamily(
                name: "weir_x", metadata: .init(type: .counter, help: "X."),
                lines: [.init(value: 4)]),
        ]
        for packed in [true, false] {
            question.takesGzip = packed
            let lines = try fixture.lines(question)
            let level = try #require(lines.firstIndex(of: "# TYPE level gauge"))
            #expect(lines[level + 1] == #"level{own="1"} 9"#)
            #expect(lines[level + 2].hasPrefix(#"level{at=""#))
            #expect(
                lines.suffix(4).dropFirst() == ["# TYPE weir_x counter", "weir_x_total 4", "# EOF"])
            _ = try strictly(try fixture.bytes(question), .openMetrics100)
        }
        question = RelayQuestion(.metrics, .protobuf)
        question.own = [
            Telemetry.MetricFamily(
                name: "level", metadata: .init(type: .gauge), lines: [.init(value: 9)])
        ]
        let read = try strictly(try fixture.bytes(question), .protobuf)
        #expect(read[["__name__": "level"]] == 9.0.bitPattern)
        #expect(read[["__name__": "level", "job": "b"]] == (-Double.infinity).bitPattern)
        #expect(
            read[["__name__": "took_seconds_bucket", "job": "a", "le": "10.0", "path": "/b"]]
                == 1.0.bitPattern)
    }

    @Test func `native histograms are in protobuf, and in text where they have bounds`()
        async throws
    {
        let fixture = Fixture()
        var target = try await FixtureTarget(fixture, "a")
        var exponential = NativeHistogram()
        exponential.schema = 3
        exponential.count = 5
        exponential.sum = 12
        exponential.positiveSpans = [.init(offset: 2, length: 2)]
        exponential.positive = .deltas([2, 1])
        var bounds = NativeHistogram()
        bounds.schema = NativeHistogram.customSchema
        bounds.count = 3
        bounds.sum = 4
        bounds.customBounds = [1, 2]
        bounds.positiveSpans = [.init(offset: 0, length: 3)]
        bounds.positive = .deltas([1, 0, 0])
        let (one, two): (Labels, Labels) = (["__name__": "e"], ["__name__": "n"])
        let histograms = [exponential, bounds]
        try target.tick(fixture.now, [], types: ["e": .histogram, "n": .histogram]) { batch, _ in
            batch.newSeries = [
                NewSeries(number: 0, labels: one), NewSeries(number: 1, labels: two),
            ]
            batch.histograms = histograms.enumerated().map {
                HistogramSample(series: UInt32($0), time: nil, histogram: $1)
            }
        }
        #expect(
            try fixture.lines(RelayQuestion(.metrics, .text004)) == [
                "# HELP n H n", "# TYPE n histogram", #"n_bucket{le="1.0"} 1"#,
                #"n_bucket{le="2.0"} 2"#, #"n_bucket{le="+Inf"} 3"#, "n_count 3", "n_sum 4",
            ])
        let bytes = try fixture.bytes(RelayQuestion(.metrics, .protobuf))
        var parser = ScrapeParser()
        try parser.read(bytes.span, as: .protobuf)
        #expect(parser.batch.histograms.map(\.histogram) == [exponential])
    }

    @Test func `samples grow too old where nobody tells new ones`() async throws {
        let fixture = Fixture()
        var targets = try await filled(fixture)
        var question = RelayQuestion(.metrics, .text004)
        question.takesGzip = true
        let before = try fixture.text(question)
        fixture.now = fixture.now + .minutes(5)
        #expect(try fixture.text(question) == before)
        fixture.now = fixture.now + TimeSpan(milliseconds: 1)
        try targets[1].tick(fixture.now, [(["__name__": "level", "job": "b"], 2)])
        let lines = try fixture.lines(question)
        #expect(
            lines == [
                "# HELP level H level", "# TYPE level gauge", #"level{job="b"} 2"#,
            ])
        question.maximumAge = .minutes(10)
        #expect(try fixture.lines(question).contains(#"asked_total{job="a"} 7"#))
    }

    @Test func `names that are one once they are escaped are one family`() async throws {
        let fixture = Fixture()
        var target = try await FixtureTarget(fixture, "a")
        try target.tick(
            fixture.now,
            [
                (["__name__": "a.b", "x.y": "1"], 1), (["__name__": "a_b", "z": "1"], 2),
                (["__name__": "ü"], 3),
            ], types: ["a.b": .gauge, "a_b": .gauge])
        #expect(
            try fixture.lines(RelayQuestion(.metrics, .text004)) == [
                "# HELP a_b H a.b", "# TYPE a_b gauge", #"a_b{x_y="1"} 1"#, #"a_b{z="1"} 2"#,
                "# TYPE _ untyped", "_ 3",
            ])
        #expect(
            try fixture.lines(RelayQuestion(.metrics, .text100)) == [
                #"# HELP "a.b" H a.b"#, #"# TYPE "a.b" gauge"#, #"{"a.b","x.y"="1"} 1"#,
                "# HELP a_b H a_b", "# TYPE a_b gauge", #"a_b{z="1"} 2"#,
                ##"# TYPE "ü" untyped"##, #"{"ü"} 3"#,
            ])
    }
}
