import Configuration
import Glibc
import Model
import TestKit
import Testing
import YAML

struct ConfigLoaderTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder("config") }

    private func load(_ text: String, _ checks: ConfigChecks = Fixtures.textOnly) throws
        -> LoadedConfig
    {
        try ConfigLoader.load(folder.write(text, to: "prometheus.yml"), checks: checks)
    }

    private func sentences(_ text: String, _ checks: ConfigChecks = Fixtures.textOnly) throws
        -> [String]
    {
        let error = #expect(throws: ConfigError.self) { try load(text, checks) }
        let found = error?.complaints.filter { !$0.problem.contains(": read and checked, but ") }
        return found?.map {
            String($0.description.split(separator: "\(folder.path)/").joined())
        } ?? []
    }

    @Test func `where nothing says otherwise a job is scraped every 30 seconds`() throws {
        let job = try #require(try load("scrape_configs: [{job_name: a}]").config[job: "a"])
        #expect(job.scrapeInterval == .seconds(30))
        #expect(job.scrapeTimeout == .seconds(10))
        #expect(job.metricsPath == "/metrics")
        #expect(job.scheme == "http")
        #expect(job.honorTimestamps && !job.honorLabels && job.enableCompression)
        #expect(job.http.followRedirects && job.http.enableHTTP2)
        #expect(job.scrapeProtocols == ScrapeProtocol.usual)
        #expect(job.escapingScheme == "allow-utf-8")
    }

    @Test func `a job inherits from the globals, wherever they stand`() throws {
        let config = try load(
            """
            scrape_configs:
              - job_name: a
              - {job_name: b, scrape_interval: 5s, sample_limit: 3, extra_scrape_metrics: false}
              - {job_name: c, scrape_native_histograms: true}
            global:
              scrape_interval: 15s
              scrape_timeout: 7s
              sample_limit: 10
              body_size_limit: 1MB
              extra_scrape_metrics: true
              scrape_failure_log_file: f.log
            """
        ).config
        let (a, b) = (try #require(config[job: "a"]), try #require(config[job: "b"]))
        #expect(a.scrapeInterval == .seconds(15) && a.scrapeTimeout == .seconds(7))
        #expect(b.scrapeInterval == .seconds(5) && b.scrapeTimeout == .seconds(5))
        #expect(a.limits.samples == 10 && b.limits.samples == 3)
        #expect(b.limits.bodySize == ByteSize(bytes: 1 << 20))
        #expect(a.extraScrapeMetrics && !b.extraScrapeMetrics)
        #expect(a.scrapeFailureLogFile == folder.file("f.log"))
        #expect(config[job: "c"]?.scrapeProtocols.first == .prometheusProto)
    }

    @Test func `relative paths begin at the file that names them`() throws {
        try folder.write("", to: "x")
        let config = try load(
            """
            rule_files: [rules/*.yml, /abs.yml]
            scrape_configs:
              - job_name: a
                basic_auth: {username: u, password_file: secrets/p}
                tls_config: {ca_file: ca.pem}
                file_sd_configs: [{files: [t/*.json]}]
            """
        ).config
        let job = try #require(config[job: "a"])
        #expect(config.ruleFiles == [folder.file("rules/*.yml"), "/abs.yml"])
        #expect(job.http.basicAuth?.passwordFile?.path == folder.file("secrets/p"))
        #expect(job.http.tls.caFile == folder.file("ca.pem"))
        #expect(job.discovery.files.first?.files == [folder.file("t/*.json")])
    }

    @Test func `more files bring more jobs, and a name that is taken names the first file`() throws
    {
        try folder.write("scrape_configs: [{job_name: b, sample_limit: 1}]", to: "more-1.yml")
        try folder.write(
            "scrape_configs:\n  - job_name: a\n  - job_name: c\n    foo: 1\n", to: "more-2.yml")
        let text =
            "global: {scrape_interval: 5s}\nscrape_config_files: [more-*.yml]\nscrape_configs: [{job_name: a}]\n"
        #expect(
            try sentences(text)
                == [
                    "more-2.yml:2:15: the job_name \"a\" is taken; the first is in \(folder.path)/prometheus.yml:3; rename one of them",
                    "more-2.yml:4:5: scrape_config has no field \"foo\"; remove it, or indent it to the block it belongs to",
                ].map { String($0.split(separator: "\(folder.path)/").joined()) })
        try folder.write("scrape_configs: [{job_name: c}]", to: "more-2.yml")
        let loaded = try load(text)
        #expect(loaded.config.scrapeConfigs.map(\.jobName) == ["a", "b", "c"])
        #expect(loaded.config[job: "b"]?.scrapeInterval == .seconds(5))
        #expect(loaded.files.count == 3)
    }

    @Test func `the checksum changes with any file that makes up the configuration`() throws {
        try folder.write("scrape_configs: [{job_name: b}]", to: "more-1.yml")
        let loaded = try load("scrape_config_files: [more-*.yml]\nrule_files: [r*.yml]\n")
        #expect(ConfigLoader.currentChecksum(of: loaded) == loaded.checksum)
        try folder.write("scrape_configs: [{job_name: c}]", to: "more-1.yml")
        let changed = ConfigLoader.currentChecksum(of: loaded)
        #expect(changed != loaded.checksum)
        try folder.write("groups: []", to: "rules.yml")
        #expect(ConfigLoader.currentChecksum(of: loaded) != changed)
    }

    @Test func `external labels take variables from the environment`() throws {
        setenv("WEIR_TEST_REGION", "eu", 1)
        defer { unsetenv("WEIR_TEST_REGION") }
        let loaded = try load(
            "global: {external_labels: {a: $WEIR_TEST_REGION, b: \"${WEIR_TEST_REGION}-1\", c: $$x, d: \"x${WEIR_NO_SUCH}\"}}"
        )
        #expect(
            loaded.config.global.externalLabels == ["a": "eu", "b": "eu-1", "c": "$x", "d": "x"])
        #expect(
            loaded.otherWarnings == ["the environment has no variable WEIR_NO_SUCH"])
    }

    @Test func `files that are named and missing are errors for check config, warnings at start`()
        throws
    {
        let text =
            "rule_files: [r.yml, s*.yml]\nscrape_configs: [{job_name: a, tls_config: {cert_file: c, key_file: k}, bearer_token_file: t}]\n"
        var checks = ConfigChecks()
        #expect(try load(text, checks).otherWarnings.count == 5)
        checks.missingFiles = .error
        let found = try sentences(text, checks)
        #expect(
            found.contains(
                "prometheus.yml:1:14: there is no file r.yml; create it, or correct the path"))
        #expect(
            found.contains(
                "prometheus.yml:1:21: no file matches s*.yml; create it, or correct the path"))
        #expect(
            found.contains(
                "prometheus.yml:2:56: there is no file c; create it, or correct the path"))
    }

    @Test func `a secret that everybody can read is a warning, once`() throws {
        let path = try folder.write("s3cret\n", to: "p")
        chmod(path, 0o644)
        let text =
            "scrape_configs: [{job_name: a, basic_auth: {password_file: p}}, {job_name: b, basic_auth: {password_file: p}}]"
        let warnings = try load(text, ConfigChecks()).otherWarnings
        #expect(warnings == ["everybody on this machine can read the secret in \(path)"])
        chmod(path, 0o600)
        #expect(try load(text, ConfigChecks()).otherWarnings.isEmpty)
    }

    @Test func `no secret is ever printed`() throws {
        let config = try load(
            """
            scrape_configs:
              - job_name: a
                basic_auth: {username: u, password: hunter2}
                proxy_url: http://user:hunter2@proxy
                http_headers: {X-A: {secrets: [hunter2]}}
                http_sd_configs: [{url: "http://u:hunter2@x/y", authorization: {credentials: hunter2}}]
                consul_sd_configs: [{token: hunter2}]
                postgres_sd_configs: [{query: q, database: "postgres://u:hunter2@h/d"}]
              - job_name: b
                oauth2: {client_id: a, client_secret: hunter2, token_url: "http://x"}
                tls_config: {key: hunter2, cert: c}
            remote_write: [{url: "http://u:hunter2@x/y", bearer_token: hunter2}]
            """
        ).config
        #expect(!config.yaml.contains("hunter2"))
        #expect(config.yaml.contains("password: <secret>"))
        var dumped = ""
        dump(config[job: "a"]?.http.basicAuth, to: &dumped)
        #expect(!dumped.contains("hunter2"))
        #expect(try config[job: "a"]?.http.basicAuth?.password?.reveal() == "hunter2")
        #expect(config[job: "a"]?.http.proxy.url == "http://user:hunter2@proxy")
    }

    @Test func `an agent neither evaluates rules nor alerts`() throws {
        var checks = Fixtures.textOnly
        checks.isAgent = true
        let found = try sentences(
            "rule_files: [a]\nalerting: {alertmanagers: []}\nremote_read: []\n", checks)
        #expect(found.filter { $0.contains("does not go with --agent") }.count == 3)
    }

    @Test func `a file that is not there is named`() {
        let error = #expect(throws: ConfigError.self) {
            try ConfigLoader.load("/nowhere/prometheus.yml")
        }
        #expect(
            error?.description
                == "/nowhere/prometheus.yml:1:1: the file cannot be read: no such file or directory; check the path and its permissions"
        )
    }

    @Test func `ten thousand mistakes are bounded and counted`() throws {
        let jobs = (0..<2000).map { "  - {job_name: j\($0), nope: 1}\n" }.joined()
        let found = try sentences("scrape_configs:\n" + jobs)
        // 500 of them, and the line that counts the rest.
        #expect(found.count == 501)
        #expect(found.last?.contains("1500 more complaints") == true)
    }
}
