import Exposition
import Glibc
import Model
import TestKit
import Testing

/// Mutated bodies, read here and by Debian's Prometheus, which scrapes them from nginx.
///
/// `WEIR_DIFFERENTIAL=100000 swift test --filter DifferentialTests` is the run that
/// docs/exposition.md tells of.
struct DifferentialTests {
    @Test(.timeLimit(.minutes(30)))
    func `mutated bodies are read as Prometheus reads them, or differ as documented`() async throws
    {
        let wanted = getenv("WEIR_DIFFERENTIAL").flatMap { Int(String(cString: $0)) } ?? 400
        let seed = getenv("WEIR_SEED").flatMap { UInt64(String(cString: $0)) } ?? 42
        var mutator = Mutator(seed: seed)
        var table: [String: Int] = [:]
        var done = 0
        while done < wanted {
            let count = min(4000, wanted - done)
            let bodies = (0..<count).map { _ in mutator.body() }
            let theirs = try await Peer.scrape(bodies, interval: count > 1000 ? 10 : 1)
            #expect(theirs.count == count)
            for (index, body) in bodies.enumerated() {
                guard let their = theirs[index], let why = difference(body, their) else { continue }
                table[why, default: 0] += 1
                #expect(
                    why.hasPrefix("documented"),
                    "\(why): \(String(decoding: body.bytes, as: UTF8.self).debugDescription)")
            }
            done += count
        }
        for (why, count) in table.sorted(by: { $0.value > $1.value }) {
            print("differential run, \(done) bodies: \(count) × \(why)")
        }
    }

    /// Why both differ over `body`, or `nil` where they agree.
    private func difference(_ body: MutatedBody, _ their: Peer.Answer) -> String? {
        var reader = Reader()
        let ours = reader.read(body.bytes, body.isOpenMetrics ? .openMetrics100 : .text004)
        if (ours.error == nil) == their.isUp {
            guard ours.error == nil, ours.samples.count != their.samples else { return nil }
            if body.bytes.contains(0) { return "documented: a zero byte ends their text" }
            return "another number of samples: \(ours.samples.count), theirs \(their.samples)"
        }
        let text = String(decoding: body.bytes, as: UTF8.self)
        if body.bytes.contains(0) { return "documented: a zero byte ends their text" }
        if let error = ours.error {
            if hasOpenQuote(error) { return "documented: a line break within quotes" }
            if "\(error)".contains("UTF-8") { return "documented: names or units not in UTF-8" }
            return "refused here alone: \(error)"
        }
        let lines = text.split(separator: "\n")
        if !body.isOpenMetrics, lines.contains(where: isIndented) {
            return "documented: a blank in front of a name, which they make a part of it"
        }
        if lines.contains(where: hasQuotedName) {
            return "documented: quoted names, which 2.42 does not know"
        }
        if !body.isOpenMetrics, text.contains(" -") { return "documented: a timestamp before 1970" }
        if body.isOpenMetrics, text.contains(",}") {
            return "documented: a comma behind the last label, which 2.42 does not know"
        }
        if body.isOpenMetrics, text.contains(" # {") {
            return "documented: an exemplar of another name than _total and _bucket"
        }
        return "read here alone"
    }

    private func isIndented(_ line: Substring) -> Bool {
        let rest = line.drop { $0 == " " || $0 == "\t" }
        return rest.count < line.count && !rest.hasPrefix("#")
    }

    /// Whether a name stands in quotes: behind a brace, a comma, `HELP` or `TYPE`.
    private func hasQuotedName(_ line: Substring) -> Bool {
        let text = line.filter { $0 != " " && $0 != "\t" }
        return ["{\"", ",\"", "HELP\"", "TYPE\"", "UNIT\""].contains { text.contains($0) }
    }

    private func hasOpenQuote(_ error: ExpositionError) -> Bool {
        "\(error)".contains("a double quote that ends")
    }
}

/// A body that began well.
struct MutatedBody {
    var bytes: [UInt8]
    var isOpenMetrics: Bool
}

/// Bodies with a few bytes or lines changed.
private struct Mutator {
    private var random: SeededRandom

    init(seed: UInt64) { random = SeededRandom(seed: seed) }

    mutating func body() -> MutatedBody {
        let isOpenMetrics = random.next() % 3 == 0
        let seeds = isOpenMetrics ? Self.openMetrics : Self.text
        var bytes = Array(seeds[below(seeds.count)].utf8)
        for _ in 0...below(3) where !bytes.isEmpty { mutate(&bytes) }
        return MutatedBody(bytes: bytes, isOpenMetrics: isOpenMetrics)
    }

    private mutating func below(_ limit: Int) -> Int { Int(random.next() % UInt64(limit)) }

    private mutating func mutate(_ bytes: inout [UInt8]) {
        let at = below(bytes.count)
        switch below(8) {
        case 0: bytes.remove(at: at)
        case 1: bytes[at] = Self.letters[below(Self.letters.count)]
        case 2, 3: bytes.insert(Self.letters[below(Self.letters.count)], at: at)
        case 4: bytes.swapAt(at, below(bytes.count))
        case 5: bytes[at] = UInt8(truncatingIfNeeded: random.next())
        case 6:
            let word = Array(Self.words[below(Self.words.count)].utf8)
            bytes.insert(contentsOf: word, at: at)
        default: bytes.removeSubrange(at..<min(bytes.count, at + 1 + below(6)))
        }
    }

    private static let letters = Array("{}=\",\\# \t\n\r0159.eE+-_:aNxI\u{0}".utf8)
    private static let words = [
        "NaN", "+Inf", "-Inf", "infinity", "1e400", "1_0", "0x1p3", " 123", " 1.5", "\n\n", "# ",
        "# HELP ", "# TYPE ", "# TYPE a counter\n", "# EOF\n", "\\n", "\\\"", "{}", "a=\"b\",", "é",
        " # {a=\"b\"} 1", "nan", "1e-400", "99999999999999999999",
    ]

    private static let text = [
        "# HELP requests_total All of them.\n# TYPE requests_total counter\n"
            + "requests_total{method=\"get\",code=\"200\"} 1027 1395066363000\n"
            + "requests_total{method=\"post\",code=\"400\"} 3\n",
        "path_info{path=\"C:\\\\dir\\\\\",msg=\"two\\nlines\",q=\"\\\"x\\\"\"} 1.5e+03\n\n# words\nminus -Inf\n",
        "# TYPE s summary\ns{quantile=\"0.5\"} 0.05\ns{quantile=\"1\"} 76\ns_sum 1.7560473e+07\ns_count 2693\n",
        "# TYPE h histogram\nh_bucket{le=\"1\"} 2\nh_bucket{le=\"+Inf\"} 4\nh_sum 3\nh_count 4\n",
        "  a   {  b = \"c\" , d=\"e\" , }   12   34  \n\tb\t5\nc{}\t.5\nd NaN\n",
        "u_a 1\nu_b{x=\"é\"} 0.000000000000000000000000000000000000000000000000000001\nu_c 1e300",
    ]

    private static let openMetrics = [
        "# TYPE c counter\n# UNIT c_seconds seconds\n# HELP c Some.\n"
            + "c_total{a=\"b\"} 17 1.5 # {trace_id=\"abc\",span=\"} # {\"} 0.67 1.25\nc_created{a=\"b\"} 1e3\n# EOF\n",
        "# TYPE h histogram\nh_bucket{le=\"0.5\"} 1\nh_bucket{le=\"+Inf\"} 3 # {} 4\nh_count 3\nh_sum 2.5\n# EOF\n",
        "# TYPE s stateset\ns{s=\"a\"} 1\ns{s=\"b\"} 0\n# TYPE i info\ni_info{v=\"1\",w=\"2\"} 1 1.5\n# EOF",
    ]
}

/// Prometheus and nginx, started for one round.
private enum Peer {
    struct Answer {
        var isUp: Bool
        var samples: Int
    }

    /// What Prometheus makes of each body, by its number.
    static func scrape(_ bodies: [MutatedBody], interval: Int) async throws -> [Int: Answer] {
        let folder = try TemporaryFolder("differential")
        let web = try FreePort.tcp()
        let port = try FreePort.tcp()
        try write(bodies, to: folder, web: web, interval: interval)
        let nginx = try await ChildProcess.start([
            "nginx", "-c", folder.file("nginx.conf"), "-e", folder.file("nginx.log"),
        ])
        _ = try await eventually { try await isListening(web) }
        let prometheus = try await ChildProcess.start([
            "prometheus", "--config.file=\(folder.file("prometheus.yml"))",
            "--storage.tsdb.path=\(folder.file("data"))", "--log.level=error",
            "--web.listen-address=127.0.0.1:\(port)",
        ])
        let isDone = try await eventually(within: .seconds(120)) {
            let count = try await query("count(up)%2Bcount(scrape_samples_scraped)", port)
            return count[-1] == Double(bodies.count * 2)
        }
        #expect(isDone, "\(prometheus.errors.prefix(500))")
        let up = try await query("up", port)
        let samples = try await query("scrape_samples_scraped", port)
        await prometheus.stop(9)
        await nginx.stop()
        return up.reduce(into: [:]) { answers, answer in
            answers[answer.key] = Answer(
                isUp: answer.value == 1, samples: Int(samples[answer.key] ?? 0))
        }
    }

    private static func isListening(_ port: Int) async throws -> Bool {
        let outcome = try await ChildProcess.run(["curl", "-s", "http://127.0.0.1:\(port)/"])
        return outcome.status == 0
    }

    private static func write(
        _ bodies: [MutatedBody], to folder: TemporaryFolder, web: Int, interval: Int
    ) throws {
        for name in ["text", "om"] { mkdir(folder.file(name), 0o755) }
        var targets: [String] = []
        for (number, body) in bodies.enumerated() {
            let path = (body.isOpenMetrics ? "om/" : "text/") + "\(number)"
            let file = fopen(folder.file(path), "w")
            fwrite(body.bytes, 1, body.bytes.count, file)
            if let file { fclose(file) }
            targets.append(
                """
                {"targets":["127.0.0.1:\(web)"],
                "labels":{"n":"\(number)","__metrics_path__":"/\(path)"}}
                """)
        }
        try folder.write("[\(targets.joined(separator: ",\n"))]", to: "targets.json")
        try folder.write(
            """
            scrape_configs:
            - job_name: all
              scrape_interval: \(interval)s
              scrape_timeout: \(interval)s
              honor_timestamps: false
              file_sd_configs: [{files: ["\(folder.file("targets.json"))"]}]
            """, to: "prometheus.yml")
        try folder.write(
            """
            daemon off; pid \(folder.file("nginx.pid")); user root;
            events { worker_connections 4096; }
            http {
              access_log off; types {} client_body_temp_path \(folder.path);
              server {
                listen 127.0.0.1:\(web); root \(folder.path);
                location /text/ { default_type "text/plain; version=0.0.4"; }
                location /om/ { default_type "application/openmetrics-text; version=1.0.0"; }
              }
            }
            """, to: "nginx.conf")
    }

    /// The values of an instant query by the label `n`; -1 where there is none.
    private static func query(_ query: String, _ port: Int) async throws -> [Int: Double] {
        let url = "http://127.0.0.1:\(port)/api/v1/query?query=\(query)"
        let answer = try await ChildProcess.run(["curl", "-s", url]).output
        var values: [Int: Double] = [:]
        for part in answer.split(separator: "{\"metric\":").dropFirst() {
            let words = part.split(separator: "\"")
            let label = words.firstIndex(of: "n").map { words[$0 + 2] }
            let value = words.firstIndex(of: "value").map { words[$0 + 2] }
            values[label.flatMap { Int($0) } ?? -1] = value.flatMap { Double($0) }
        }
        return values
    }
}
