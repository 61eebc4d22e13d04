import Compression
import Configuration
import Exposition
import Glibc
import HTTPFetch
import Model
import Telemetry
import TestKit
import Testing
import Threads

@testable import Scraping

/// Whole scrapes: over HTTP, at their instants, into a sink.
struct ScraperTests {
    private static func job(_ port: Int, _ more: String = "", interval: String = "400ms") throws
        -> ScrapeConfig
    {
        try Configured.job(
            """
            scrape_interval: \(interval)
            scrape_timeout: \(interval)
            \(more)
            static_configs: [{targets: ["127.0.0.1:\(port)"]}]
            """)
    }

    private static func series(_ name: String, _ port: Int) -> String {
        #"{__name__="\#(name)", instance="127.0.0.1:\#(port)", job="job"}"#
    }

    private static let text = ["Content-Type: text/plain; version=0.0.4"]

    @Test func `a target is scraped at its instants, with Prometheus's request`() async throws {
        let server = try ScriptedServer.answering { _ in
            ScriptedAnswer(200, Self.text, body: "a 1\n")
        }
        let running = RunningScraper()
        await running.apply([try Self.job(server.port)])
        let series = Self.series("a", server.port)
        _ = try await running.wait(for: series, count: 3)
        await running.stop()
        let times = running.sink.samples(series).map(\.time)
        // A busy machine may make some of them late, but never more often than planned.
        let passed = try #require(times.last) - times[0]
        #expect(Int64(times.count) <= passed / 400 + 2)
        let request = try #require(server.requests.first)
        #expect(request.line == "GET /metrics HTTP/1.1")
        #expect(
            request["Accept"]
                == "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
                + "application/openmetrics-text;version=0.0.1;q=0.5,"
                + "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,"
                + "text/plain;version=0.0.4;q=0.3,*/*;q=0.2")
        #expect(request["Accept-Encoding"] == "zstd, gzip, br")
        #expect(request["X-Prometheus-Scrape-Timeout-Seconds"] == "0.4")
        #expect(request["User-Agent"] == "Weir/test")
        #expect(server.connections == 1)
        #expect(running.sink.faults == [])
        #expect(running.sink.state.withLock { $0.open.isEmpty })
    }

    @Test func `a status that is not 200 fails the scrape, and the next one may be good`()
        async throws
    {
        let count = Locked(0)
        let server = try ScriptedServer.answering { _ in
            let number = count.withLock {
                $0 += 1; return $0
            }
            return number == 2
                ? ScriptedAnswer(503, Self.text, body: "a 0\n")
                : ScriptedAnswer(200, Self.text, body: "a \(number)\n")
        }
        let running = RunningScraper()
        await running.apply([try Self.job(server.port)])
        let values = try await running.wait(for: Self.series("a", server.port), count: 3)
        #expect(Array(values.prefix(3)) == [1, nil, 3])
        #expect(Array(running.sink.values(Self.series("up", server.port)).prefix(3)) == [1, 0, 1])
        await running.stop()
    }

    /// What a target may do to Weir, and what is said of it.
    struct Hostile: Sendable, CustomStringConvertible {
        let name: String
        let lines: String
        let error: String
        let talk: @Sendable (Conversation) -> Void
        var description: String { name }
        /// Long where an answer comes at once: it is not waited for, and the machine may be busy.
        var timeout: String { error.contains("deadline") ? "400ms" : "3s" }

        init(
            _ name: String, _ lines: String = "", error: String,
            _ talk: @escaping @Sendable (Conversation) -> Void
        ) {
            (self.name, self.lines, self.error, self.talk) = (name, lines, error, talk)
        }

        /// Twenty megabytes of blank lines, in twenty kilobytes.
        static let bomb: [UInt8] = {
            // An empty bomb makes its row fail.
            (try? compress([UInt8](repeating: 10, count: 20_000_000), as: .gzip)) ?? []
        }()

        static let head = "HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\n"

        static let all = [
            Hostile("never answers", error: "context deadline exceeded") { $0.waitForEnd() },
            Hostile("trickles", error: "context deadline exceeded") { talk in
                talk.send(head + "\r\n")
                while talk.send("#") { usleep(20_000) }
            },
            Hostile("promises more than it sends", error: "the connection ended before") { talk in
                _ = talk.readRequest()
                talk.send(head + "Content-Length: 1000\r\n\r\na 1\n")
            },
            Hostile("ends in mid-body by a reset", error: "the connection ended before") { talk in
                _ = talk.readRequest()
                talk.send(head + "Content-Length: 1000\r\n\r\na 1\n")
                talk.reset()
            },
            Hostile("never ends", "body_size_limit: 50KB", error: "body size limit exceeded") {
                talk in
                talk.send(head + "\r\n")
                let piece = Array(String(repeating: "a 1\n", count: 1000).utf8)
                while talk.send(piece) {}
            },
            Hostile("has a line without an end", error: "is longer than") { talk in
                talk.send(head + "\r\n")
                let piece = [UInt8](repeating: UInt8(ascii: "a"), count: 100_000)
                while talk.send(piece) {}
            },
            Hostile("has a header without an end", error: "the header of the answer is over") {
                talk in
                talk.send("HTTP/1.1 200 OK\r\n")
                let piece = Array(String(repeating: "X-More: 0123456789\r\n", count: 1000).utf8)
                while talk.send(piece) {}
            },
            Hostile("redirects for ever", error: "stopped after 10 redirects") { talk in
                while let request = talk.readRequest() {
                    talk.send(ScriptedAnswer.redirect(request.path + "x").bytes)
                }
            },
            Hostile("speaks no HTTP", error: "the answer is not HTTP") { talk in
                talk.send("SSH-2.0-OpenSSH_9.2\r\n")
                talk.waitForEnd()
            },
            Hostile("speaks no TLS", "scheme: https", error: "no TLS connection") { talk in
                talk.send("HTTP/1.1 400 Bad Request\r\n\r\n")
                talk.waitForEnd()
            },
            Hostile("has no content type", error: "fallback_scrape_protocol") { talk in
                while talk.readRequest() != nil {
                    talk.send(ScriptedAnswer(200, body: "a 1\n").bytes)
                }
            },
            Hostile("has no end mark", error: "# EOF") { talk in
                while talk.readRequest() != nil {
                    let type = ["Content-Type: application/openmetrics-text; version=1.0.0"]
                    talk.send(ScriptedAnswer(200, type, body: "a 1\n").bytes)
                }
            },
            Hostile("is a gzip bomb", "body_size_limit: 100KB", error: "body size limit exceeded") {
                talk in
                while talk.readRequest() != nil {
                    let fields = ["Content-Type: text/plain", "Content-Encoding: gzip"]
                    guard talk.send(ScriptedAnswer(200, fields, bytes: bomb).bytes) else { return }
                }
            },
            Hostile("is not compressed as it says", error: "not compressed as its") { talk in
                while talk.readRequest() != nil {
                    let fields = ["Content-Type: text/plain", "Content-Encoding: gzip"]
                    talk.send(ScriptedAnswer(200, fields, body: "a 1\n").bytes)
                }
            },
        ]
    }

    @Test(arguments: Hostile.all)
    func `a hostile target harms itself alone`(hostile: Hostile) async throws {
        let good = try ScriptedServer.answering { _ in ScriptedAnswer(200, Self.text, body: "a 1\n")
        }
        let server = try ScriptedServer { hostile.talk($0) }
        let running = RunningScraper()
        let bad = try Configured.job(
            """
            scrape_interval: 3s
            scrape_timeout: \(hostile.timeout)
            \(hostile.lines)
            static_configs: [{targets: ["127.0.0.1:\(server.port)"]}]
            """)
        var neighbour = try Self.job(good.port, interval: "1s")
        neighbour.jobName = "good"
        await running.apply([bad, neighbour])
        let values = try await running.wait(for: Self.series("up", server.port), count: 1)
        #expect(values.first == 0)
        let status = await running.scraper.status()
        let error = try #require(status.first { $0.job == "job" }?.lastError)
        #expect(error.contains(hostile.error), "\(error)")
        let up = #"{__name__="up", instance="127.0.0.1:\#(good.port)", job="good"}"#
        let neighbours = try await running.wait(for: up, count: 3)
        #expect(neighbours.allSatisfy { $0 == 1 })
        #expect(running.sink.faults == [])
        await running.stop()
    }

    @Test func `a tick that comes while the target is asked is skipped and counted`() async throws {
        let server = try ScriptedServer.answering { _ in
            ScriptedAnswer(200, Self.text, body: "a 1\n")
        }
        let running = RunningScraper()
        running.sink.state.withLock { $0.openDelay = .milliseconds(400) }
        await running.apply([try Self.job(server.port, interval: "100ms")])
        _ = try await running.wait(for: Self.series("a", server.port), count: 2)
        let status = try #require(await running.scraper.status().first)
        #expect(status.skippedTicks >= 2)
        #expect(running.sink.state.withLock { $0.opened } == 1)
        await running.stop()
    }

    /// The second interval is another pace, so that the sink's clock would have been opened anew.
    @Test(arguments: ["400ms", "500ms"])
    func `a target that leaves ends with stale markers, and one that comes back does not`(
        interval: String
    ) async throws {
        let empty = try Configured.job("scrape_interval: \(interval)\nscrape_timeout: 400ms")
        let server = try ScriptedServer.answering { _ in
            ScriptedAnswer(200, Self.text, body: "a 1\n")
        }
        let running = RunningScraper()
        let job = try Self.job(server.port)
        await running.apply([job])
        let series = Self.series("a", server.port)
        _ = try await running.wait(for: series, count: 2)
        await running.apply([empty])
        await running.apply([job])
        let count = running.sink.samples(series).count
        let values = try await running.wait(for: series, count: count + 3)
        #expect(values.allSatisfy { $0 != nil })
        await running.apply([empty])
        #expect(try await eventually { running.sink.values(series).last == .some(nil) })
        #expect(running.sink.values(Self.series("up", server.port)).last == .some(nil))
        #expect(try await eventually { running.sink.state.withLock { $0.open.isEmpty } })
        #expect(running.sink.faults == [])
        await running.stop()
    }

    @Test func `a restart goes on in the same rhythm, and marks nothing as stale`() async throws {
        let server = try ScriptedServer.answering { request in
            ScriptedAnswer(200, Self.text, body: "a 1\nb{x=\"y\"} 2\n")
        }
        let sink = RecordingSink()
        let series = Self.series("a", server.port)
        var phases: Set<Int64> = []
        for run in 1...3 {
            let running = RunningScraper(sink: sink)
            await running.apply([try Self.job(server.port)])
            _ = try await running.wait(for: series, count: run * 2)
            let next = await running.scraper.status().first?.nextScrape
            phases.insert(try #require(next).milliseconds % 400)
            await running.stop()
        }
        #expect(phases.count == 1)
        let all = sink.batches.flatMap(\.values)
        #expect(!all.contains { $0.isStaleMarker })
        #expect(sink.values(Self.series("up", server.port)).allSatisfy { $0 == 1 })
        // What is new to the process is not new to the target's last good scrape, but nobody kept
        // that: as in Prometheus, each run counts its series once.
        let added = sink.values(Self.series("scrape_series_added", server.port))
        #expect(added.filter { $0 == 2 }.count == 3 && added.allSatisfy { $0 == 2 || $0 == 0 })
        #expect(sink.faults == [])
    }

    @Test func `native histograms of a protobuf body come to the sink, with all that is theirs`()
        async throws
    {
        var histogram = NativeHistogram()
        histogram.schema = 3
        histogram.count = 4
        histogram.sum = 10
        histogram.positiveSpans = [.init(offset: 2, length: 2)]
        histogram.positive = .deltas([1, 2])
        let exemplar = PointExemplar([Label("id", "x")], 2, time: WallClock.now)
        var writer = ExpositionWriter(.protobuf)
        writer.write(
            MetricFamily(
                "latency", MetricMetadata(type: .histogram, help: "How long."),
                [MetricPoint([Label("a", "b")], histogram, exemplars: [exemplar])]))
        writer.write(
            MetricFamily("plain", MetricMetadata(type: .gauge), [MetricPoint("", [], 1)]))
        let (full, isGone) = (writer.bytes, Locked(false))
        var rest = ExpositionWriter(.protobuf)
        rest.write(MetricFamily("plain", MetricMetadata(type: .gauge), [MetricPoint("", [], 1)]))
        let less = rest.bytes
        let type =
            "Content-Type: application/vnd.google.protobuf; "
            + "proto=io.prometheus.client.MetricFamily; encoding=delimited"
        let server = try ScriptedServer.answering { _ in
            ScriptedAnswer(200, [type], bytes: isGone.withLock { $0 } ? less : full)
        }
        let running = RunningScraper()
        await running.apply([try Self.job(server.port, "scrape_native_histograms: true")])
        _ = try await running.wait(for: Self.series("plain", server.port), count: 2)
        isGone.withLock { $0 = true }
        let series =
            #"{__name__="latency", a="b", instance="127.0.0.1:\#(server.port)", job="job"}"#
        let stale = try await running.wait(for: series)
        await running.stop()
        #expect(stale == [nil])
        let accept = try #require(server.requests.first?["Accept"])
        #expect(accept.hasPrefix("application/vnd.google.protobuf"))
        let batches = running.sink.batches
        let first = try #require(batches.first { !$0.histograms.isEmpty })
        #expect(first.histograms.map(\.histogram) == [histogram])
        let named = first.newSeries.first { $0.number == first.histograms[0].series }
        #expect(named?.labels.description == series)
        #expect(first.exemplars.map(\.series) == [first.histograms[0].series])
        #expect(running.sink.state.withLock { $0.metadata["latency"]?.help } == "How long.")
        #expect(
            running.sink.values(Self.series("scrape_samples_scraped", server.port)).first == 2)
        #expect(running.sink.faults == [])
    }

    @Test func `stopping writes no stale marker`() async throws {
        let server = try ScriptedServer.answering { _ in
            ScriptedAnswer(200, Self.text, body: "a 1\n")
        }
        let running = RunningScraper()
        await running.apply([try Self.job(server.port)])
        let series = Self.series("a", server.port)
        _ = try await running.wait(for: series, count: 2)
        await running.stop()
        #expect(running.sink.values(series).allSatisfy { $0 != nil })
        #expect(running.sink.values(Self.series("up", server.port)).allSatisfy { $0 == 1 })
    }

    @Test func `a reload of an unchanged job keeps connection, phase and series`() async throws {
        let server = try ScriptedServer.answering { _ in
            ScriptedAnswer(200, Self.text, body: "a 1\n")
        }
        let running = RunningScraper()
        let job = try Self.job(server.port)
        for _ in 0..<4 {
            await running.apply([job])
            let count = running.sink.batchCount
            #expect(try await eventually { running.sink.batchCount > count })
        }
        await running.stop()
        #expect(server.connections == 1)
        #expect(running.sink.state.withLock { $0.opened } == 1)
        let values = running.sink.values(Self.series("a", server.port))
        #expect(values.allSatisfy { $0 == 1 })
        #expect(running.sink.batches.dropFirst().allSatisfy { $0.isSameLayout })
    }

    @Test func `a reload that changes relabeling goes on with the same series`() async throws {
        let server = try ScriptedServer.answering { _ in
            ScriptedAnswer(200, Self.text, body: "a 1\nb 1\n")
        }
        let running = RunningScraper()
        await running.apply([try Self.job(server.port)])
        let (a, b) = (Self.series("a", server.port), Self.series("b", server.port))
        _ = try await running.wait(for: b, count: 2)
        let more = "metric_relabel_configs: [{source_labels: [__name__], regex: b, action: drop}]"
        await running.apply([try Self.job(server.port, more)])
        #expect(try await eventually { running.sink.values(b).last == .some(nil) })
        let count = running.sink.samples(a).count
        _ = try await running.wait(for: a, count: count + 2)
        await running.stop()
        #expect(running.sink.values(a).allSatisfy { $0 == 1 })
        #expect(running.sink.state.withLock { $0.opened } == 1)
        #expect(running.sink.faults == [])
    }

    @Test func `a reload that changes the interval marks what is gone, and nothing else`()
        async throws
    {
        let body = Locked("a 1\nb 1\n")
        let server = try ScriptedServer.answering { _ in
            ScriptedAnswer(200, Self.text, body: body.withLock { $0 })
        }
        let running = RunningScraper()
        await running.apply([try Self.job(server.port)])
        let (a, b) = (Self.series("a", server.port), Self.series("b", server.port))
        _ = try await running.wait(for: b, count: 2)
        body.withLock { $0 = "a 1\n" }
        await running.apply([try Self.job(server.port, interval: "500ms")])
        #expect(try await eventually { running.sink.state.withLock { $0.opened } == 2 })
        let count = running.sink.samples(a).count
        _ = try await running.wait(for: a, count: count + 2)
        await running.stop()
        #expect(running.sink.values(b).last == .some(nil))
        #expect(running.sink.values(a).allSatisfy { $0 == 1 })
        #expect(running.sink.values(Self.series("up", server.port)).allSatisfy { $0 == 1 })
        #expect(running.sink.faults == [])
    }

    @Test func `a job over its target_limit is not scraped, and says so`() async throws {
        let server = try ScriptedServer.answering { _ in
            ScriptedAnswer(200, Self.text, body: "a 1\n")
        }
        let running = RunningScraper()
        let job = try Configured.job(
            """
            scrape_interval: 50ms
            scrape_timeout: 50ms
            target_limit: 1
            static_configs: [{targets: ["127.0.0.1:\(server.port)", "localhost:\(server.port)"]}]
            """)
        await running.apply([job])
        let values = try await running.wait(for: Self.series("up", server.port))
        #expect(values.first == 0)
        let errors = await running.scraper.status().map(\.lastError)
        #expect(
            errors.allSatisfy {
                $0 == nil || $0 == "target_limit exceeded (number of targets: 2, limit: 1)"
            })
        #expect(server.requests.isEmpty)
        await running.stop()
    }

    @Test func `extra_scrape_metrics adds three series`() async throws {
        let server = try ScriptedServer.answering { _ in
            ScriptedAnswer(200, Self.text, body: "a 1\n")
        }
        let running = RunningScraper()
        let more = "extra_scrape_metrics: true\nsample_limit: 7"
        await running.apply([try Self.job(server.port, more)])
        _ = try await running.wait(for: Self.series("a", server.port))
        await running.stop()
        for (name, value) in [
            ("scrape_timeout_seconds", 0.4), ("scrape_sample_limit", 7),
            ("scrape_body_size_bytes", 4),
        ] {
            #expect(running.sink.values(Self.series(name, server.port)).first == value)
        }
    }

    @Test func `a sink that cannot open a clock is asked again`() async throws {
        let server = try ScriptedServer.answering { _ in
            ScriptedAnswer(200, Self.text, body: "a 1\n")
        }
        let running = RunningScraper()
        running.sink.state.withLock { $0.openRefusal = .unavailable(reason: "test") }
        await running.apply([try Self.job(server.port)])
        #expect(try await eventually { server.requests.count > 2 })
        running.sink.state.withLock { $0.openRefusal = nil }
        let values = try await running.wait(for: Self.series("a", server.port))
        #expect(values.first == 1)
        await running.stop()
    }
}
