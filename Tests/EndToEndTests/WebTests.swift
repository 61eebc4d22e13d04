import Glibc
import TestKit
import Testing

struct WebTests {
    private let folder: TemporaryFolder
    init() throws { folder = try TemporaryFolder("web") }

    @Test func `a new Weir answers on loopback, and quits when it is asked to`() async throws {
        let weir = try await RunningWeir(["--web.enable-lifecycle"])
        #expect(try await weir.get("/-/ready") == "Prometheus Server is Ready.\n[200]")
        #expect(try await weir.get("/version").hasPrefix(#"{"version":"0.1.0""#))
        let flags = try await weir.get("/api/v1/status/flags")
        #expect(flags.contains(#""web.enable-lifecycle":"true""#))
        #expect(flags.contains(#""web.max-connections":"512""#))
        #expect(
            try await weir.get("/metrics/self").contains("weir_http_requests_total{code=\"200\"}"))
        #expect(
            try await weir.get("/-/quit", ["-X", "POST"])
                == "Requesting termination... Goodbye![200]")
        let outcome = await weir.process.outcome()
        #expect(outcome.status == 0)
        #expect(outcome.errors.hasSuffix("msg=stopped\n"))
    }

    @Test func `an address that others reach does not start without a credential`() async throws {
        let config = try folder.write("", to: "prometheus.yml")
        let outcome = try await ChildProcess.run([
            Built.weir, "run", "--web.listen-address=0.0.0.0:0", "--config.file=\(config)",
        ])
        #expect(outcome.status == 1)
        #expect(outcome.errors.contains("refusing to listen on 0.0.0.0:0"))
        #expect(outcome.errors.contains("credentials:\n  - {name: grafana, kind: bearer"))
    }

    @Test func `what credential new prints lets in, and its file is read again`() async throws {
        let made = try await ChildProcess.run([
            Built.weir, "credential", "new", "grafana", "--permissions=query,metrics.read",
        ])
        let secret = try #require(made.errors.split(separator: " ").last?.dropLast())
        let path = try folder.write("auth: always\n" + made.output, to: "weir.yml")
        let weir = try await RunningWeir(["--settings=\(path)", "--web.enable-lifecycle"])
        let bearer = ["-H", "Authorization: Bearer \(secret)"]
        #expect(try await weir.get("/version").hasSuffix("a credential is needed\n[401]"))
        #expect(try await weir.get("/version", bearer).hasSuffix("[200]"))
        #expect(try await weir.get("/-/reload", bearer + ["-X", "POST"]).hasSuffix("[403]"))
        #expect(!weir.process.errors.contains(secret))
        try folder.write(
            "auth: always\ncredentials: [{name: a, kind: bearer, secret: other, permissions: [admin]}]",
            to: "weir.yml")
        let isChanged = try await eventually {
            try await weir.get("/version", bearer).hasSuffix("[401]")
        }
        #expect(isChanged)
        let other = ["-H", "Authorization: Bearer other", "-X", "POST"]
        #expect(try await weir.get("/-/reload", other) == "[200]")
        try folder.write("auth: [", to: "weir.yml")
        #expect(try await weir.get("/-/reload", other).hasSuffix("[500]"))
        #expect(
            try await weir.get("/version", ["-H", "Authorization: Bearer other"]).hasSuffix("[200]")
        )
    }

    @Test func `list and check say which credential is which, and no secret`() async throws {
        let path = try folder.write(
            """
            credentials:
              - {name: a, kind: bearer, secret: hush, permissions: [query], matchers: '{tenant="a"}'}
              - {name: old, kind: api_key, secret: gone, permissions: [metrics.write], expires: 2020-01-01}
            """, to: "weir.yml")
        let list = try await ChildProcess.run([
            Built.weir, "credential", "list", "--settings=\(path)",
        ])
        #expect(list.status == 1)
        #expect(
            list.output == """
                NAME  KIND     PERMISSIONS    MATCHERS      NETWORKS  EXPIRES
                a     bearer   query          {tenant="a"}  -         -
                old   api_key  metrics.write  -             -         2020-01-01T00:00:00.000Z (expired)

                """)
        for (secret, status, word) in [
            ("hush", 0, "a "), ("gone", 1, "old "), ("x", 1, "this is no"),
        ] {
            let check = try await ChildProcess.run([
                "sh", "-c",
                "printf %s \(secret) | \(Built.weir) credential check --settings=\(path)",
            ])
            #expect(check.status == Int32(status))
            #expect(check.output.hasPrefix(word))
            #expect(!check.output.contains("hush"))
        }
    }

    @Test func `the users and headers of the web configuration hold, and are read again`()
        async throws
    {
        let hash = try await ChildProcess.run(["htpasswd", "-nbBC", "4", "alice", "open sesame"])
        let users =
            "basic_auth_users:\n  \(hash.output.split(separator: "\n")[0].replacing(":", with: ": "))\n"
        let path = try folder.write(
            users + "http_server_config: {headers: {X-Frame-Options: deny}}\n", to: "web.yml")
        let check = try await ChildProcess.run([Built.weir, "check", "web-config", path])
        #expect(check.output == "\(path): SUCCESS, TLS off, 1 user, 1 header\n")
        let weir = try await RunningWeir(["--web.config.file=\(path)"])
        #expect(try await weir.get("/version", ["-u", "alice:open sesame"]).hasSuffix("[200]"))
        #expect(try await weir.get("/version", ["-u", "alice:wrong"]).hasSuffix("[401]"))
        #expect(try await weir.get("/version").hasSuffix("[401]"))
        #expect(try await weir.get("/-/healthy", ["-i"]).contains("X-Frame-Options: deny"))
        try folder.write(
            users + "http_server_config: {headers: {X-Frame-Options: sameorigin}}\n", to: "web.yml")
        let isChanged = try await eventually {
            try await weir.get("/-/healthy", ["-i"]).contains("X-Frame-Options: sameorigin")
        }
        #expect(isChanged)
    }

    @Test func `checking a web configuration tells what is wrong and exits with 1`() async throws {
        let path = try folder.write("basic_auth_users: {a: hush}\n", to: "web.yml")
        let check = try await ChildProcess.run([Built.weir, "check", "web-config", path])
        #expect(check.status == 1)
        #expect(check.output == "\(path): FAILED\n")
        #expect(check.errors.hasPrefix("\(path):1:23: this is not a bcrypt hash"))
        #expect(!check.errors.contains("hush"))
    }

    @Test func `the configuration is shown without secrets, and read again when asked`()
        async throws
    {
        let text = "scrape_configs: [{job_name: a, basic_auth: {username: u, password: hush}}]\n"
        let path = try folder.write(text, to: "prometheus.yml")
        let weir = try await RunningWeir(["--config.file=\(path)", "--web.enable-lifecycle"])
        let shown = try await weir.get("/api/v1/status/config")
        #expect(shown.hasPrefix(#"{"status":"success","data":{"yaml":"global:"#))
        #expect(shown.contains("job_name: a") && !shown.contains("hush"))
        try folder.write("global: [", to: "prometheus.yml")
        let failed = try await weir.get("/-/reload", ["-X", "POST"])
        #expect(failed.hasPrefix("failed to reload config: ") && failed.hasSuffix("[500]"))
        #expect(
            try await weir.get("/api/v1/status/runtimeinfo")
                .contains(#""reloadConfigSuccess":false"#))
        #expect(try await weir.get("/api/v1/status/config") == shown)
        try folder.write("scrape_configs: [{job_name: b}]\n", to: "prometheus.yml")
        weir.process.send(SIGHUP)
        let isRead = try await eventually {
            try await weir.get("/api/v1/status/config").contains("job_name: b")
        }
        #expect(isRead)
    }

    @Test func `a configuration that cannot be used keeps Weir from starting`() async throws {
        let path = try folder.write("scrape_config: []\n", to: "prometheus.yml")
        let outcome = try await ChildProcess.run([
            Built.weir, "run", "--config.file=\(path)", "--web.listen-address=127.0.0.1:0",
        ])
        #expect(outcome.status == 1)
        #expect(outcome.errors.contains("prometheus.yml:1:1"))
    }
}
