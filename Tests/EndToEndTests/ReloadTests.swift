import Glibc
import TestKit
import Testing

/// How a running Weir takes a new configuration, or keeps the old one.
struct ReloadTests {
    private let folder: TemporaryFolder
    init() throws { folder = try TemporaryFolder("reload") }

    private static let first = """
        global: {evaluation_interval: 30s}
        scrape_configs:
          - job_name: api
            basic_auth: {username: u, password: hush}
            static_configs: [{targets: ["a:1"]}]

        """
    private static let second = """
        scrape_configs:
          - job_name: api
            basic_auth: {username: u, password: husher}
            static_configs: [{targets: ["a:1", "b:1"]}]
          - job_name: more

        """

    private func started(_ words: String...) async throws -> RunningWeir {
        let path = try folder.write(Self.first, to: "prometheus.yml")
        return try await RunningWeir(
            ["--config.file=\(path)", "--storage.tsdb.path=\(folder.file("data"))"] + words)
    }

    /// Puts a whole new file in place at once, so that nobody reads half of it.
    private func replace(_ text: String) throws {
        let new = try folder.write(text, to: "new.yml")
        let path = folder.file("prometheus.yml")
        guard rename(new, path) == 0 else { throw SystemError("rename", path: path) }
    }

    private func lines(_ weir: RunningWeir, with text: String) -> Int {
        weir.process.errors.split(separator: "\n").count { $0.contains(text) }
    }

    /// Whether both gauges of the last reload have `value`.
    private func gauges(_ weir: RunningWeir, are value: Int) async throws -> Bool {
        let metrics = try await weir.get("/metrics/self").split(separator: "\n")
        return ["prometheus", "weir"].allSatisfy {
            metrics.contains("\($0)_config_last_reload_successful \(value)")
        }
    }

    @Test func `what a start finds without effect is said once`() async throws {
        let weir = try await started()
        #expect(lines(weir, with: "evaluation_interval: read and checked, but this version") == 1)
        #expect(try await gauges(weir, are: 1))
    }

    @Test func `SIGHUP takes the files, and the log tells what changed but no secret`()
        async throws
    {
        let weir = try await started()
        try folder.write(Self.second, to: "prometheus.yml")
        weir.process.send(SIGHUP)
        let isTaken = try await eventually {
            lines(weir, with: "change=\"    ~ its credentials: a secret changes\"") == 1
        }
        #expect(isTaken, "\(weir.process.errors)")
        let log = weir.process.errors
        #expect(log.contains("because=SIGHUP"))
        #expect(log.contains("change=\"+ job more (0 targets in the file)\""))
        #expect(log.contains("change=\"~ job api\""))
        #expect(log.contains("change=\"    + target b:1\""))
        #expect(log.contains("added=1") && log.contains("changed=1") && log.contains("removed=0"))
        #expect(!log.contains("hush"))
        #expect(try await weir.get("/api/v1/status/config").contains("job_name: more"))
        #expect(try await gauges(weir, are: 1))
    }

    @Test func `a reload says of each setting whether it counts at once`() async throws {
        func settings(_ budget: Int, _ timestamps: Bool, _ retention: String) -> String {
            "{limits: {series_budget: \(budget)}, federation: {timestamps: \(timestamps)}, "
                + "retention: \(retention)}\n"
        }
        let path = try folder.write(settings(100, true, "15d"), to: "weir.yml")
        let weir = try await started("--settings=\(path)")
        try folder.write(settings(200, false, "30d"), to: "weir.yml")
        weir.process.send(SIGHUP)
        let isTaken = try await eventually { lines(weir, with: "msg=\"settings changed\"") == 3 }
        #expect(isTaken, "\(weir.process.errors)")
        let log = weir.process.errors.split(separator: "\n")
        for (name, effect) in [
            ("series_budget", "at once"), ("federation", "at once"),
            ("retention", "at the next start"),
        ] {
            #expect(
                log.contains { $0.contains(name) && $0.contains("effect=\"\(effect)\"") }, "\(log)")
        }
    }

    @Test(arguments: ["POST", "PUT"])
    func `a request takes the files where that is allowed`(method: String) async throws {
        let weir = try await started("--web.enable-lifecycle")
        try folder.write(Self.second, to: "prometheus.yml")
        #expect(try await weir.get("/-/reload", ["-X", method]) == "[200]")
        #expect(try await weir.get("/api/v1/status/config").contains("job_name: more"))
    }

    @Test func `a request does nothing where it is not allowed`() async throws {
        let weir = try await started()
        try folder.write(Self.second, to: "prometheus.yml")
        let answer = try await weir.get("/-/reload", ["-X", "POST"])
        #expect(answer == "Lifecycle API is not enabled.[403]")
        #expect(try await !weir.get("/api/v1/status/config").contains("job_name: more"))
        #expect(lines(weir, with: "reading the configuration") == 0)
    }

    @Test func `files that are wrong leave the old configuration, and all errors are answered`()
        async throws
    {
        let weir = try await started("--web.enable-lifecycle")
        let shown = try await weir.get("/api/v1/status/config")
        let path = try folder.write(
            """
            scrape_configs:
              - {job_name: api, basic_auth: {username: u, pasword: hush}}
              - {job_name: api, scrape_interval: often}

            """, to: "prometheus.yml")
        let answer = try await weir.get("/-/reload", ["-X", "POST"])
        #expect(answer.hasPrefix("failed to reload config: \(path):2:47: basic_auth has no field"))
        #expect(answer.contains("\(path):3:16: the job_name \"api\" is taken"))
        #expect(answer.contains("\(path):3:38: \"often\" is not a duration"))
        #expect(answer.hasSuffix("[500]"))
        #expect(!(answer + weir.process.errors).contains("hush"))
        #expect(try await weir.get("/api/v1/status/config") == shown)
        #expect(try await gauges(weir, are: 0))
        try folder.write(Self.second, to: "prometheus.yml")
        #expect(try await weir.get("/-/reload", ["-X", "POST"]) == "[200]")
        #expect(try await gauges(weir, are: 1))
    }

    @Test func `changed files are found by themselves, and wrong ones are tried once`()
        async throws
    {
        let weir = try await started("--config.auto-reload", "--config.auto-reload-interval=20ms")
        try replace("scrape_config: []\n")
        let isRefused = try await eventually {
            lines(weir, with: "configuration not taken, the old one holds") == 1
        }
        #expect(isRefused, "\(weir.process.errors)")
        #expect(try await gauges(weir, are: 0))
        try replace(Self.second)
        let isTaken = try await eventually {
            try await weir.get("/api/v1/status/config").contains("job_name: more")
        }
        #expect(isTaken, "\(weir.process.errors)")
        #expect(try await gauges(weir, are: 1))
        // The files were seen in three states, and each of them was read once.
        #expect(lines(weir, with: "reading the configuration") == 2)
    }

    @Test func `a changed weir.yml is found by itself, and the log tells which settings changed`()
        async throws
    {
        try folder.write("retention: 15d\n", to: "weir.yml")
        let weir = try await started("--config.auto-reload", "--config.auto-reload-interval=20ms")
        try folder.write("retention: 30d\nsql: {reader_password: hush}\n", to: "weir.yml")
        let isTaken = try await eventually {
            lines(weir, with: "change=\"retention: 15d -> 30d\"") == 1
        }
        #expect(isTaken, "\(weir.process.errors)")
        #expect(!weir.process.errors.contains("hush"))
        #expect(try await gauges(weir, are: 1))
    }
}
