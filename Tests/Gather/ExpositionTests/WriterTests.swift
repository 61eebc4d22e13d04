import Exposition
import Model
import TestKit
import Testing

/// The way back: what is written reads as what it was.
struct WriterTests {
    @Test(arguments: ExpositionFormat.allCases, 0..<40)
    func `what is written reads back as it was`(format: ExpositionFormat, seed: Int) throws {
        var random = SeededRandom(seed: UInt64(seed) &* 77 &+ 5)
        let hasQuotes = [.text100, .openMetrics100, .protobuf].contains(format)
        let families = (0..<6).map { Self.family($0, &random, anyName: hasQuotes) }
        var writer = ExpositionWriter(format)
        for family in families { writer.write(family) }
        writer.finish()
        var reader = Reader()
        let reading = reader.read(writer.bytes, format)
        #expect(reading.error == nil)
        let expected = families.flatMap { family in
            family.points.map { point in
                Reading.Sample(
                    labels: Self.labels(family, point), bits: point.value.bitPattern,
                    time: point.time?.milliseconds ?? ScrapeBatch.noTime)
            }
        }
        // Protobuf tells the parts of a histogram in an order of its own.
        #expect(Set(reading.samples) == Set(expected))
        if format != .protobuf { #expect(reading.samples == expected) }
        if format.isOpenMetrics || format == .protobuf {
            #expect(
                reading.exemplars.count == families.flatMap(\.points).count { $0.exemplar != nil })
        }
    }

    @Test func `OpenMetrics that is written keeps to all of its rules`() {
        var writer = ExpositionWriter(.openMetrics100)
        for number in 0..<6 {
            var random = SeededRandom(seed: UInt64(number))
            writer.write(Self.family(number, &random, anyName: false))
        }
        writer.finish()
        var reader = Reader(OpenMetricsSuiteTests.strict)
        let reading = reader.read(writer.bytes, .openMetrics100)
        #expect(reading.error == nil, "\(String(decoding: writer.bytes, as: UTF8.self))")
    }

    @Test(
        arguments: [
            (0, "0"), (-0.0, "-0"), (1, "1"), (-1.5, "-1.5"), (100_000, "100000"), (1e6, "1e+06"),
            (1_234_567, "1.234567e+06"), (123_456.7, "123456.7"), (0.0001, "0.0001"),
            (0.00001, "1e-05"), (1e21, "1e+21"), (1e100, "1e+100"),
            (.leastNonzeroMagnitude, "5e-324"),
            (.nan, "NaN"), (.infinity, "+Inf"), (-.infinity, "-Inf"),
            (0.1 + 0.2, "0.30000000000000004"),
            (1.79525479802473e9, "1.79525479802473e+09"),
            (9_007_199_254_740_992, "9.007199254740992e+15"),
            (33.3333, "33.3333"), (1e15, "1e+15"), (123_456_789_012_345, "1.23456789012345e+14"),
        ] as [(Double, String)])
    func `a float is written as Go writes it`(value: Double, text: String) {
        var writer = ExpositionWriter(.text004)
        writer.write(MetricPoint("", [], value), of: "a")
        #expect(String(decoding: writer.bytes, as: UTF8.self) == "a \(text)\n")
    }

    @Test(arguments: [
        (NameEscaping.allowUTF8, "my.metric_a/ü", "my.metric_a/ü"),
        (.underscores, "my.metric_a/ü", "my_metric_a__"),
        (.dots, "my.metric_a/ü", "my_dot_metric__a____"),
        (.values, "my.metric_a/ü", "U__my_2e_metric__a_2f__fc_"),
        (.underscores, "1a", "_a"), (.values, "1a", "U___31_a"),
        (.values, "plain_name", "plain_name"),
        (.dots, "plain_name", "plain__name"), (.underscores, "a:b", "a:b"),
    ])
    func `a name is escaped by the negotiated scheme`(
        scheme: NameEscaping, name: String, escaped: String
    ) {
        #expect(scheme.escape(name, isMetric: true) == escaped)
    }

    @Test func `text looks as exporters write it`() {
        var writer = ExpositionWriter(.text004)
        writer.write(
            MetricFamily(
                "my.requests_total",
                MetricMetadata(type: .counter, help: "A \"help\" with \\ and\nlines."),
                [
                    MetricPoint(
                        "", [Label("path", "a\"b\\c\nd"), Label("über", "x")], 3,
                        time: Timestamp(milliseconds: 1500))
                ]))
        #expect(
            String(decoding: writer.bytes, as: UTF8.self) == """
                # HELP my_requests_total A "help" with \\\\ and\\nlines.
                # TYPE my_requests_total counter
                my_requests_total{path="a\\"b\\\\c\\nd",_ber="x"} 3 1500

                """)
    }

    @Test func `OpenMetrics has units, seconds, exemplars and an end`() {
        var writer = ExpositionWriter(.openMetrics100)
        let exemplar = PointExemplar([Label("id", "x")], 0.5, time: Timestamp(milliseconds: -1250))
        writer.write(
            MetricFamily(
                "t_seconds", MetricMetadata(type: .counter, unit: "seconds", help: "H"),
                [
                    MetricPoint(
                        "_total", [], 3, time: Timestamp(milliseconds: 1500), exemplar: exemplar)
                ]))
        writer.finish()
        #expect(
            String(decoding: writer.bytes, as: UTF8.self) == """
                # HELP t_seconds H
                # TYPE t_seconds counter
                # UNIT t_seconds seconds
                t_seconds_total 3 1.5 # {id="x"} 0.5 -1.25
                # EOF

                """)
    }

    // MARK: Families of any kind

    private static func labels(_ family: MetricFamily, _ point: MetricPoint) -> Labels {
        Labels(point.labels + [Label(LabelName.metric, family.name + point.suffix)])
    }

    private static func family(
        _ number: Int, _ random: inout SeededRandom, anyName: Bool
    ) -> MetricFamily {
        let types: [MetricType] = [.gauge, .counter, .unknown, .histogram, .summary, .gauge]
        let name = anyName && number == 5 ? "any.näme \(number)" : "family_\(number)"
        let type = types[number]
        var points: [MetricPoint] = []
        for metric in 0..<3 {
            var labels = [Label("n", "\(metric)"), Label("text", text(&random))]
            if anyName { labels.append(Label("a.b", "c")) }
            switch type {
            case .histogram: points += histogram(labels, &random)
            case .summary: points += summary(labels, &random)
            case .counter:
                let exemplar = PointExemplar(
                    [Label("trace_id", "abc\(metric)")], value(&random),
                    time: Timestamp(milliseconds: 1_700_000_000_123))
                points.append(MetricPoint("_total", labels, value(&random), exemplar: exemplar))
            default:
                points.append(
                    MetricPoint(
                        "", labels, -value(&random), time: Timestamp(milliseconds: 1_234_567_890)))
            }
        }
        let metadata = MetricMetadata(type: type, help: text(&random))
        // Protobuf and classic text name a counter as its samples are named.
        return MetricFamily(name, metadata, points)
    }

    private static func histogram(
        _ labels: [Label], _ random: inout SeededRandom
    ) -> [MetricPoint] {
        let count = Double(random.next() % 1000 + 10)
        return [
            MetricPoint("_count", labels, count), MetricPoint("_sum", labels, value(&random)),
            MetricPoint("_bucket", labels + [Label("le", "0.5")], 3),
            MetricPoint("_bucket", labels + [Label("le", "1.0")], 10),
            MetricPoint("_bucket", labels + [Label("le", "+Inf")], count),
        ]
    }

    private static func summary(_ labels: [Label], _ random: inout SeededRandom) -> [MetricPoint] {
        [
            MetricPoint("_count", labels, 5), MetricPoint("_sum", labels, value(&random)),
            MetricPoint("", labels + [Label("quantile", "0.99")], value(&random)),
        ]
    }

    private static func value(_ random: inout SeededRandom) -> Double {
        switch random.next() % 3 {
        case 0: Double(random.next() % 1_000_000_000)
        case 1: Double(random.next() % 1_000_000_000) / 977
        default: Double(bitPattern: random.next() % 0x7fe0_0000_0000_0000)
        }
    }

    private static func text(_ random: inout SeededRandom) -> String {
        ["plain", "with \"quotes\"", "back\\slash", "two\nlines", "üñí€", "} 1 # {", "\\n"][
            Int(random.next() % 7)]
    }
}
