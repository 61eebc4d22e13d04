import Exposition
import Testing

struct ContentNegotiationTests {
    @Test func `a scrape asks as Prometheus asks`() {
        #expect(
            ExpositionFormat.accept([.openMetrics100, .openMetrics001, .text100, .text004])
                == "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
                + "application/openmetrics-text;version=0.0.1;q=0.5,"
                + "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,"
                + "text/plain;version=0.0.4;q=0.3,*/*;q=0.2")
    }

    @Test(
        arguments: [
            ("", .text004, .underscores), ("text/html", .text004, .underscores),
            ("*/*", .text004, .underscores),
            (
                "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,text/plain;q=0.5",
                .openMetrics100, .allowUTF8
            ),
            (
                "text/plain;version=0.0.4;q=0.3, application/openmetrics-text; version=0.0.1;q=0.5",
                .openMetrics001, .underscores
            ),
            ("text/plain;version=1.0.0;escaping=dots", .text100, .dots),
            (
                "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;"
                    + "encoding=delimited;q=0.7,text/plain;q=0.3", .protobuf, .underscores
            ),
            ("application/vnd.google.protobuf;q=0.7,text/plain;q=0.3", .text004, .underscores),
            ("application/openmetrics-text;q=0", .text004, .underscores),
        ] as [(String, ExpositionFormat, NameEscaping)])
    func `the best of what a reader takes is served`(
        accept: String, format: ExpositionFormat, escaping: NameEscaping
    ) {
        let chosen = ExpositionFormat.negotiate(accept: accept)
        #expect(chosen.format == format && chosen.escaping == escaping)
    }

    @Test(
        arguments: [
            ("text/plain", .text004), ("text/plain; version=0.0.4; charset=utf-8", .text004),
            ("text/plain;version=1.0.0;escaping=allow-utf-8", .text100),
            ("application/openmetrics-text; version=0.0.1", .openMetrics001),
            ("APPLICATION/OpenMetrics-Text", .openMetrics100),
            (
                "application/vnd.google.protobuf; proto=\"io.prometheus.client.MetricFamily\"",
                .protobuf
            ),
        ] as [(String, ExpositionFormat)])
    func `a Content-Type says the format`(type: String, format: ExpositionFormat) throws {
        #expect(try ExpositionFormat.of(contentType: type) == format)
    }

    @Test(arguments: ExpositionFormat.allCases)
    func `every format is known again by its own Content-Type`(format: ExpositionFormat) throws {
        #expect(try ExpositionFormat.of(contentType: format.contentType()) == format)
    }

    @Test func `without a known type the error names the line to add`() {
        let error = #expect(throws: ExpositionError.self) {
            try ExpositionFormat.of(contentType: "text/html")
        }
        #expect(
            error.map { "\($0)" }
                == "the target sends the Content-Type \"text/html\", which is no metrics format; "
                + "if it serves the classic text format, add this line to its scrape_config: "
                + "fallback_scrape_protocol: PrometheusText0.0.4")
        #expect(throws: ExpositionError.self) { try ExpositionFormat.of(contentType: "") }
    }

    @Test func `a fallback stands in, and auto means to look`() throws {
        #expect(
            try ExpositionFormat.of(contentType: "", fallback: .openMetrics001) == .openMetrics001)
        #expect(try ExpositionFormat.of(contentType: "text/html", sniffs: true) == nil)
        #expect(try ExpositionFormat.of(contentType: "text/plain", sniffs: true) == .text004)
    }

    @Test(
        arguments: [
            ("a 1\n", .text004), ("# HELP a b\n# TYPE a counter\n", .text004),
            ("# TYPE a unknown\na 1\n", .openMetrics100), ("a 1\n# EOF\n", .openMetrics100),
            ("# UNIT a_s s\n", .openMetrics100), ("\n\na 1\n", .text004),
            ("\u{0c}\u{0a}\u{01}a\u{12}\u{04}help\u{18}\u{01}", .protobuf),
        ] as [(String, ExpositionFormat)])
    func `auto looks at the first bytes`(start: String, format: ExpositionFormat) {
        let sniffed = ExpositionFormat.sniff(start.utf8Span.span)
        #expect(sniffed == format)
    }
}
