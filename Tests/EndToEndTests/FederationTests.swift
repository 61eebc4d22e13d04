import Glibc
import Processes
import TestKit
import Testing
import Threads

/// Real readers behind Weir: what they have is what the targets said.
struct FederationTests {
    private let folder: TemporaryFolder
    private static let root =
        #filePath.split(separator: "/").dropLast(3).reduce("") { "\($0)/\($1)" }

    init() throws { folder = try TemporaryFolder("federation") }

    /// Values whose bits a careless reader or writer loses.
    private static let page = """
        # HELP river_level_meters How high the water stands.
        # TYPE river_level_meters gauge
        river_level_meters{gauge="upper"} 0.1
        river_level_meters{gauge="lower \\"x\\" \\\\ \\n"} -1.7976931348623157e+308
        river_level_meters{gauge="spring"} 5e-324
        river_level_meters{gauge="mouth"} +Inf
        river_level_meters{gauge="none"} NaN
        river_level_meters{gauge="big"} 1.23456789012345678e+18
        # HELP river_requests_total Who asked.
        # TYPE river_requests_total counter
        river_requests_total{code="200"} 9007199254740993
        river_requests_total{code="500"} 3
        # HELP river_wait_seconds For how long.
        # TYPE river_wait_seconds histogram
        river_wait_seconds_bucket{le="0.25"} 1
        river_wait_seconds_bucket{le="+Inf"} 4
        river_wait_seconds_sum 3.3000000000000003
        river_wait_seconds_count 4

        """

    private static let openPage = """
        # HELP river_requests Who asked.
        # TYPE river_requests counter
        # UNIT river_requests requests
        river_requests_total{code="200"} 7 # {trace_id="abc"} 0.5 1700000000.250
        # HELP river_wait_seconds For how long.
        # TYPE river_wait_seconds histogram
        # UNIT river_wait_seconds seconds
        river_wait_seconds_bucket{le="0.25"} 1 # {trace_id="def"} 0.125
        river_wait_seconds_bucket{le="+Inf"} 4
        river_wait_seconds_sum 3.5
        river_wait_seconds_count 4
        # HELP river_boats Which boats.
        # TYPE river_boats gauge
        river_boats{name="one"} 1

        """

    /// A target that says what `page` holds.
    private func target(
        _ page: Locked<String>, type: String = "text/plain; version=0.0.4"
    ) throws -> ScriptedServer {
        try ScriptedServer { conversation in
            while conversation.readRequest() != nil {
                let page = page.withLock { $0 }
                conversation.send(
                    "HTTP/1.1 200 OK\r\nContent-Type: \(type)\r\n"
                        + "Content-Length: \(page.utf8.count)\r\n\r\n" + page)
            }
        }
    }

    private func weir(
        _ name: String, scraping port: String, _ more: String = "", honor: Bool = false
    ) async throws -> RunningWeir {
        let path = try folder.write(
            """
            global: {scrape_interval: 300ms, scrape_timeout: 300ms}
            scrape_configs:
              - job_name: river
                honor_labels: \(honor)
                static_configs: [{targets: ["127.0.0.1:\(port)"]}]
            \(more)
            """, to: "\(name)-scrapes.yml")
        return try await RunningWeir(["--config.file=\(path)"])
    }

    private func curl(_ url: String, _ words: [String] = []) async throws -> String {
        try await ChildProcess.run(
            ["curl", "-sS", "--globoff", "--compressed", "--max-time", "20"] + words + [url]
        ).output
    }

    private func python(_ program: String, _ words: [String]) async throws -> ChildProcess.Outcome {
        let path = try folder.write(program, to: "program.py")
        return try await ChildProcess.run(
            ["\(Self.root)/.build/python/bin/python", path] + words)
    }

    /// A Prometheus of Debian's with this configuration.
    private func prometheus(_ config: String) async throws -> (ChildProcess, String) {
        let port = try FreePort.tcp()
        let path = try folder.write(config, to: "prometheus-\(port).yml")
        let process = try await ChildProcess.start([
            "prometheus", "--config.file=\(path)",
            "--storage.tsdb.path=\(folder.file("tsdb-\(port)"))",
            "--web.listen-address=127.0.0.1:\(port)", "--log.level=error",
            "--enable-feature=exemplar-storage",
        ])
        return (process, "http://127.0.0.1:\(port)")
    }

    /// Compares what a Prometheus knows with what a page says; prints what differs.
    private static let compare = """
        import json, struct, sys, urllib.parse, urllib.request
        from prometheus_client.parser import text_string_to_metric_families as families
        bits = lambda value: "NaN" if value != value else struct.pack(">d", value)
        said = {}
        for family in families(open(sys.argv[1]).read()):
            for sample in family.samples:
                labels = dict(sample.labels, __name__=sample.name)
                said[tuple(sorted(labels.items()))] = bits(sample.value)
        query = urllib.parse.quote('{__name__=~"river_.*",via="%s"}' % sys.argv[3])
        answer = json.load(urllib.request.urlopen(sys.argv[2] + "/api/v1/query?query=" + query))
        known = {}
        for series in answer["data"]["result"]:
            labels = {k: v for k, v in series["metric"].items() if k not in ("job", "instance", "via")}
            known[tuple(sorted(labels.items()))] = bits(float(series["value"][1]))
            assert series["metric"]["instance"] == sys.argv[4], series
        for key in sorted(set(said) | set(known)):
            if said.get(key) != known.get(key): print(key, said.get(key), known.get(key))
        print("compared", len(said))
        """

    @Test func `a Prometheus behind Weir has what the targets said, bit for bit`() async throws {
        let page = Locked(Self.page)
        let target = try target(page)
        let weir = try await weir("weir", scraping: "\(target.port)")
        func job(_ name: String, _ more: String) -> String {
            """
              - job_name: \(name)
                honor_labels: true
                static_configs: [{targets: ["\(weir.address)"]}]
                metric_relabel_configs: [{target_label: via, replacement: \(name)}]
            \(more)
            """
        }
        let (process, url) = try await prometheus(
            "global: {scrape_interval: 500ms, scrape_timeout: 500ms}\nscrape_configs:\n"
                + job("metrics", "") + "\n"
                + job(
                    "federate",
                    "    metrics_path: /federate\n    params: {'match[]': ['{job=~\".+\"}']}"))
        let file = try folder.write(Self.page, to: "page.txt")
        for via in ["metrics", "federate"] {
            var seen = ""
            let isSame = try await eventually {
                let outcome = try await python(
                    Self.compare, [file, url, via, "127.0.0.1:\(target.port)"])
                seen = outcome.output + outcome.errors
                return seen == "compared 12\n"
            }
            #expect(isSame, "\(via): \(seen)")
        }
        let metadata = try await curl("\(url)/api/v1/targets/metadata?metric=river_wait_seconds")
        #expect(metadata.contains("\"type\":\"histogram\""), "\(metadata)")
        // Series that end at the target end in the Prometheus, well before its five minutes.
        page.withLock { $0 = "river_boats 1\n" }
        let isGone = try await eventually {
            let answer = try await curl(
                "\(url)/api/v1/query?query=river_requests_total%7Bvia=\"metrics\"%7D")
            return answer.contains("\"result\":[]")
        }
        #expect(isGone)
        await process.stop()
    }

    @Test func `federate answers as Prometheus does, byte for byte`() async throws {
        let now = Int(time(nil)) * 1000 - 1234
        let page = Locked(
            Self.page.split(separator: "\n").map { line in
                line.hasPrefix("#") ? "\(line)\n" : "\(line) \(now)\n"
            }.joined())
        let target = try target(page)
        let global =
            "global: {scrape_interval: 300ms, scrape_timeout: 300ms, external_labels: {region: north, gauge: z}}\n"
        let config =
            global + """
                scrape_configs:
                  - job_name: river
                    static_configs: [{targets: ["127.0.0.1:\(target.port)"], labels: {zone: a}}]
                """
        let (process, url) = try await prometheus(config)
        let weir = try await RunningWeir(
            ["--config.file=\(try folder.write(config, to: "weir-scrapes.yml"))"])
        let questions = [
            "", "match[]=river_level_meters", "match[]={__name__=~\"river_.*\"}",
            "match[]=river_wait_seconds_sum&match[]={code=\"500\"}", "match[]=none",
            "match[]={__name__=~\"river_.*\"}&match[]=river_requests_total",
        ]
        for question in questions {
            var (own, theirs) = ("", "x")
            // Those of one name come in no order from Prometheus.
            let isSame = try await eventually {
                own = sorted(try await curl("http://\(weir.address)/federate?\(question)"))
                theirs = sorted(try await curl("\(url)/federate?\(question)"))
                let isReady = question.isEmpty || question.hasSuffix("none") || !theirs.isEmpty
                return isReady && own == theirs
            }
            #expect(isSame, "\(question): \(own) \(theirs)")
        }
        let words = ["-i", "-o", "/dev/null", "-w", "%{http_code} %{content_type}"]
        for question in ["match[]=up", "match[]=%7B", "match[]=%7Ba=\"\"%7D"] {
            let own = try await curl("http://\(weir.address)/federate?\(question)", words)
            let theirs = try await curl("\(url)/federate?\(question)", words)
            #expect(own == theirs, "\(question)")
        }
        await process.stop()
    }

    /// Families in their order, the lines of each sorted.
    private func sorted(_ body: String) -> String {
        var families: [[Substring]] = []
        for line in body.split(separator: "\n") {
            if line.hasPrefix("#") { families.append([]) }
            if families.isEmpty { families.append([]) }
            families[families.count - 1].append(line)
        }
        return families.map { $0.sorted().joined(separator: "\n") }.joined(separator: "\n")
    }

    @Test func `two Weirs in a row keep types, exemplars and ends`() async throws {
        let page = Locked(Self.openPage + "# EOF\n")
        let target = try target(
            page, type: "application/openmetrics-text; version=1.0.0; charset=utf-8")
        let edge = try await weir("edge", scraping: "\(target.port)")
        let port = String(edge.address.split(separator: ":").last ?? "")
        let centre = try await weir("centre", scraping: port, honor: true)
        func body() async throws -> String {
            try await curl(
                "http://\(centre.address)/metrics?match[]={__name__=~\"river_.*\"}",
                ["-H", "Accept: application/openmetrics-text; version=1.0.0"])
        }
        let instance = #"instance="127.0.0.1:\#(target.port)",job="river""#
        let wanted = [
            "# HELP river_requests Who asked.", "# TYPE river_requests counter",
            "# UNIT river_requests requests",
            #"river_requests_total{code="200",\#(instance)} 7 # {trace_id="abc"} 0.5 1700000000.250"#,
            "# TYPE river_wait_seconds histogram", "# UNIT river_wait_seconds seconds",
            #"river_wait_seconds_bucket{\#(instance),le="0.25"} 1 # {trace_id="def"} 0.125 "#,
            "# TYPE river_boats gauge", #"river_boats{\#(instance),name="one"} 1"#,
        ]
        var seen = ""
        let isThere = try await eventually {
            seen = try await body()
            return wanted.allSatisfy { seen.contains($0) }
        }
        #expect(isThere, "\(seen)")
        page.withLock {
            $0 = Self.openPage.replacing("river_boats{name=\"one\"} 1\n", with: "") + "# EOF\n"
        }
        let isGone = try await eventually {
            seen = try await body()
            return !seen.contains("river_boats")
        }
        #expect(isGone, "\(seen)")
        #expect(seen.contains("river_requests_total"))
    }

    @Test func `parsers of others accept every body`() async throws {
        let page = Locked(Self.openPage + "# EOF\n")
        let target = try target(
            page, type: "application/openmetrics-text; version=1.0.0; charset=utf-8")
        let weir = try await weir("weir", scraping: "\(target.port)")
        let url = "http://\(weir.address)/metrics"
        let isThere = try await eventually { try await curl(url).contains("river_boats{") }
        try #require(isThere)
        let program = """
            import gzip, sys, urllib.request
            from prometheus_client.openmetrics.parser import text_string_to_metric_families as read
            fields = {"Accept": "application/openmetrics-text; version=1.0.0",
                      "Accept-Encoding": "gzip"}
            answer = urllib.request.urlopen(urllib.request.Request(sys.argv[1], headers=fields))
            assert answer.headers["Content-Encoding"] == "gzip"
            families = {f.name: f for f in read(gzip.decompress(answer.read()).decode())}
            river = families["river_requests"]
            print(river.type, river.unit, river.samples[0].exemplar.value,
                  families["weir_head_series"].type)
            """
        let python = try await python(program, [url])
        #expect(python.output == "counter requests 0.5 gauge\n", "\(python.errors)")
        let file = try folder.write(try await curl(url), to: "body.txt")
        let promtool = try await ChildProcess.run(
            ["sh", "-c", "promtool check metrics < '\(file)'"])
        // 3 means that it read all of it and has opinions on names.
        #expect([0, 3].contains(promtool.status), "\(promtool.errors)")
        #expect(!promtool.errors.contains("error while linting"), "\(promtool.errors)")
        let own = try await ChildProcess.run([
            "sh", "-c", "'\(Built.weir)' check metrics < '\(file)'",
        ])
        #expect(own.status == 0, "\(own.output) \(own.errors)")
    }

    @Test func `vmagent scrapes it whole`() async throws {
        let page = Locked(Self.page)
        let target = try target(page)
        let weir = try await weir("weir", scraping: "\(target.port)")
        let isThere = try await eventually {
            try await curl("http://\(weir.address)/metrics").contains("river_level_meters{")
        }
        try #require(isThere)
        let sink = try ScriptedServer { conversation in
            while conversation.readRequest() != nil {
                conversation.send("HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n")
            }
        }
        let config = try folder.write(
            """
            global: {scrape_interval: 500ms}
            scrape_configs:
              - {job_name: weir, honor_labels: true, static_configs: [{targets: ["\(weir.address)"]}]}
            """, to: "vmagent.yml")
        let port = try FreePort.tcp()
        let vmagent = try await ChildProcess.start([
            "vmagent", "-promscrape.config=\(config)",
            "-remoteWrite.url=http://127.0.0.1:\(sink.port)/",
            "-remoteWrite.tmpDataPath=\(folder.file("vmagent"))",
            "-httpListenAddr=127.0.0.1:\(port)",
        ])
        let isUp = try await eventually {
            let targets = try await curl("http://127.0.0.1:\(port)/api/v1/targets")
            let samples = targets.firstMatch(of: /"lastSamplesScraped":(\d+)/).flatMap { Int($0.1) }
            return targets.contains("\"health\":\"up\"") && samples ?? 0 > 50
        }
        #expect(isUp, "\(vmagent.errors)")
        await vmagent.stop()
    }

    @Test func `what the documentation shows can be loaded`() async throws {
        let text = try #require(Files.read("\(Self.root)/docs/federation.md"))
        var kinds = (prometheus: 0, weir: 0)
        for block in text.split(separator: "```yaml\n").dropFirst() {
            guard let end = block.firstRange(of: "```") else { continue }
            let yaml = String(block[..<end.lowerBound])
            if yaml.contains("federation:") {
                kinds.weir += 1
                let file = try folder.write(yaml, to: "settings.yml")
                let outcome = try await ChildProcess.run(
                    [Built.weir, "check", "config", "--settings=\(file)"])
                #expect(outcome.status == 0, "\(yaml) \(outcome.errors)")
            } else {
                kinds.prometheus += 1
                let file = try folder.write(yaml, to: "checked.yml")
                for program in [[Built.weir, "check", "config"], ["promtool", "check", "config"]] {
                    let outcome = try await ChildProcess.run(program + [file])
                    #expect(outcome.status == 0, "\(yaml) \(outcome.errors)")
                }
            }
        }
        #expect(kinds == (prometheus: 6, weir: 2))
    }
}
