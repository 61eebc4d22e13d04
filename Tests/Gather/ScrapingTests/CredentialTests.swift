import Configuration
import Crypto
import HTTPFetch
import Model
import Telemetry
import TestKit
import Testing
import Threads

@testable import Scraping

/// Scrapes that need a token, as `oauth2` and `auth_profiles` ask for them.
struct CredentialTests {
    private static let wgtwo = """
        global:
          scrape_interval:     30s
          evaluation_interval: 30s

        scrape_configs:
          - job_name: cisco

            metrics_path: /metrics/v1

            scheme: https
            oauth2:
                client_id: "CLIENT_ID"
                client_secret: "CLIENT_SECRET"
                scopes:
                  - metrics.read
                token_url: "https://id.wgtwo.com/oauth2/token"

            static_configs:
              - targets:
                  - "api.wgtwo.com:443" # Dublin
                  - "api.sakura.wgtwo.com:443" # Tokyo
                  - "api.oak.wgtwo.com:443" # Oregon
        """

    @Test func `the file of wgtwo runs end to end with one token request`() async throws {
        var job = try #require(try Configured.jobs(Self.wgtwo).first)
        #expect(job.scrapeInterval == .seconds(30))
        let hosts = ["api.wgtwo.com", "api.sakura.wgtwo.com", "api.oak.wgtwo.com", "id.wgtwo.com"]
        let certificates = try await Certificates.make(host: hosts.joined(separator: ",DNS:"))
        let server = try TokenServer()
        let port = try FreePort.tcp()
        let nginx = try await Nginx.start(
            """
            server {
                listen 127.0.0.1:\(port) ssl http2;
                ssl_certificate \(certificates.certificate("server"));
                ssl_certificate_key \(certificates.key("server"));
                location / {
                    proxy_pass http://127.0.0.1:\(server.port);
                    proxy_set_header Host $http_host;
                }
            }
            """, in: certificates.folder)
        // The test's own authority, and a pace that a test can wait for.
        job.http.tls.caFile = certificates.authority
        job.http.oauth2?.tls.caFile = certificates.authority
        (job.scrapeInterval, job.scrapeTimeout) = (.seconds(1), .seconds(1))
        let routes = hosts.map { ("\($0):443", "127.0.0.1:\(port)") }
        let running = RunningScraper(routes: Dictionary(uniqueKeysWithValues: routes))
        await running.apply([job])
        for host in hosts.dropLast() {
            let labels =
                #"{__name__="calls_total", instance="\#(host):443", job="cisco"}"#
            let values = try await running.wait(for: labels, count: 2)
            #expect(values.last == 1)
        }
        await running.stop()
        #expect(server.tokenRequests.count == 1)
        let request = try #require(server.tokenRequests.first)
        #expect(request["Authorization"] == "Basic Q0xJRU5UX0lEOkNMSUVOVF9TRUNSRVQ=")
        #expect(request.body == "grant_type=client_credentials&scope=metrics.read")
        #expect(nginx.isRunning)
    }

    private func job(
        _ server: TokenServer, targets: String? = nil,
        secret: String = "client_secret: CLIENT_SECRET"
    ) throws -> ScrapeConfig {
        try Configured.job(
            """
            scrape_interval: 400ms
            scrape_timeout: 400ms
            oauth2:
              client_id: CLIENT_ID
              \(secret)
              scopes: [metrics.read]
              token_url: "\(server.server.url("/oauth2/token"))"
            static_configs: [{targets: [\(targets ?? "\"127.0.0.1:\(server.port)\"")]}]
            """)
    }

    private func series(_ name: String, _ port: Int, host: String = "127.0.0.1") -> String {
        #"{__name__="\#(name)", instance="\#(host):\#(port)", job="job"}"#
    }

    @Test func `many targets in several jobs share one token, also over a reload`() async throws {
        let server = try TokenServer()
        let running = RunningScraper()
        let targets = (1...20).map { "\"127.0.0.\($0):\(server.port)\"" }.joined(separator: ",")
        // Only the first address is there; the others ask for the token all the same.
        let jobs = try (0..<3).map { number in
            var job = try job(server, targets: targets)
            job.jobName = "job\(number == 0 ? "" : "\(number)")"
            return job
        }
        await running.apply(jobs)
        _ = try await running.wait(for: series("calls_total", server.port), count: 2)
        var changed = jobs
        changed[0].honorLabels = true
        await running.apply(changed)
        let count = running.sink.samples(series("calls_total", server.port)).count
        _ = try await running.wait(for: series("calls_total", server.port), count: count + 2)
        #expect(server.tokenRequests.count == 1)
        await running.stop()
    }

    @Test func `a revoked token is replaced within the same scrape`() async throws {
        let server = try TokenServer()
        let running = RunningScraper()
        await running.apply([try job(server)])
        let series = series("calls_total", server.port)
        _ = try await running.wait(for: series)
        server.state.withLock { $0.revoked = $0.issued }
        #expect(try await eventually { running.sink.values(series).contains(2) })
        await running.stop()
        #expect(running.sink.values(series).allSatisfy { $0 != nil })
        #expect(server.tokenRequests.count == 2)
    }

    @Test func `a target that refuses every token is asked once more and then fails`() async throws
    {
        let server = try TokenServer()
        server.state.withLock { $0.revoked = .max - 1 }
        let running = RunningScraper()
        await running.apply([try job(server)])
        let values = try await running.wait(for: series("up", server.port), count: 2)
        #expect(values.allSatisfy { $0 == 0 })
        let error = await running.scraper.status().first?.lastError
        #expect(
            error == "server returned HTTP status 401 Unauthorized"
                || error == "server returned HTTP status 401 Word")
        await running.stop()
        #expect(server.tokenRequests.count == 2)
    }

    @Test func `a server that takes no Basic gets the form, and that is remembered`() async throws {
        let server = try TokenServer()
        server.state.withLock { $0.refusesBasic = true }
        let running = RunningScraper()
        await running.apply([try job(server)])
        _ = try await running.wait(for: series("calls_total", server.port))
        #expect(server.tokenRequests.count == 2)
        server.state.withLock { $0.revoked = $0.issued }
        let series = series("calls_total", server.port)
        #expect(try await eventually { running.sink.values(series).contains(2) })
        #expect(server.tokenRequests.count == 3)
        await running.stop()
    }

    @Test func `a token endpoint that fails makes targets fail, and they recover with it`()
        async throws
    {
        let server = try TokenServer()
        server.state.withLock { $0.refusesAll = true }
        let running = RunningScraper()
        await running.apply([try job(server)])
        let up = try await running.wait(for: series("up", server.port))
        #expect(up.first == 0)
        let status = try #require(await running.scraper.status().first)
        let error = try #require(status.lastError)
        #expect(error.contains("no token from") && error.contains("500"))
        #expect(!error.contains("CLIENT_SECRET"))
        #expect(status.token?.failures ?? 0 > 0 && status.token?.lastError != nil)
        server.state.withLock { $0.refusesAll = false }
        _ = try await running.wait(for: series("calls_total", server.port))
        await running.stop()
    }

    @Test func `a secret file that comes late or changes is read anew`() async throws {
        let server = try TokenServer()
        server.state.withLock { $0.refusesBasic = true }
        let folder = try TemporaryFolder("secret")
        let running = RunningScraper()
        // The file is not there yet, which the configuration only warns of.
        await running.apply([
            try job(server, secret: "client_secret_file: \(folder.file("secret"))")
        ])
        _ = try await running.wait(for: series("up", server.port))
        let error = await running.scraper.status().first?.lastError
        #expect(error?.contains("cannot read") == true)
        _ = try folder.write("CLIENT_SECRET\n", to: "secret")
        let series = series("calls_total", server.port)
        _ = try await running.wait(for: series)
        server.state.withLock { $0.secret = "other" }
        _ = try folder.write("other\n", to: "secret")
        #expect(try await eventually { running.sink.values(series).contains(2) })
        await running.stop()
    }

    @Test func `an endpoint that hangs stops those alone who need it`() async throws {
        let hanging = try ScriptedServer.silent()
        let good = try ScriptedServer.answering { _ in
            ScriptedAnswer(200, ["Content-Type: text/plain"], body: "a 1\n")
        }
        let running = RunningScraper()
        let targets = (1...50).map { "\"127.0.0.1:\(good.port + 0)\",\"127.0.1.\($0):1\"" }
        let bad = try Configured.job(
            """
            scrape_interval: 500ms
            scrape_timeout: 500ms
            oauth2: {client_id: a, client_secret: b, token_url: "\(hanging.url("/token"))"}
            static_configs: [{targets: [\(targets.joined(separator: ","))]}]
            """)
        var neighbour = try Configured.job(
            """
            scrape_interval: 500ms
            scrape_timeout: 500ms
            static_configs: [{targets: ["127.0.0.1:\(good.port)"]}]
            """)
        neighbour.jobName = "good"
        await running.apply([bad, neighbour])
        let labels = #"{__name__="up", instance="127.0.0.1:\#(good.port)", job="good"}"#
        let values = try await running.wait(for: labels, count: 4)
        #expect(values.allSatisfy { $0 == 1 })
        let up = try await running.wait(for: series("up", good.port))
        #expect(up.allSatisfy { $0 == 0 })
        let errors = await running.scraper.status().filter { $0.job == "job" }
            .compactMap(\.lastError)
        #expect(!errors.isEmpty && errors.allSatisfy { $0.contains("waiting for the credentials") })
        #expect(hanging.connections == 1)
        // Ticks may be left out where hundreds of other tests want the cores; no scrape may fail.
        let health = await running.scraper.status().filter { $0.job == "good" }.map(\.health)
        #expect(health == [.up])
        await running.stop()
    }

    @Test func `a redirect to another host carries no token`() async throws {
        let other = try ScriptedServer.answering { _ in
            ScriptedAnswer(200, ["Content-Type: text/plain"], body: "a 1\n")
        }
        let tokens = try TokenServer()
        let redirecting = try ScriptedServer.answering { _ in .redirect(other.url("/metrics")) }
        let running = RunningScraper()
        await running.apply([
            try job(tokens, targets: "\"127.0.0.1:\(redirecting.port)\"")
        ])
        _ = try await running.wait(for: series("a", redirecting.port))
        await running.stop()
        #expect(redirecting.requests.first?["Authorization"] == "Bearer t1")
        #expect(other.requests.first.map { $0["Authorization"] == nil } == true)
    }

    @Test func `a token that lives for seconds is renewed, and one without an end is kept`()
        async throws
    {
        for (expires, isRenewed) in [
            (#""expires_in":2,"#, true), (#""expires_in":"3600","#, false), ("", false),
        ] {
            let server = try TokenServer()
            server.state.withLock { $0.expires = expires }
            let running = RunningScraper()
            await running.apply([try job(server)])
            let series = series("calls_total", server.port)
            if isRenewed {
                // Not the second one just so: it lives for one second, and a busy machine may let
                // every scrape of that second run out of time.
                let isNew = try await eventually {
                    running.sink.values(series).contains { ($0 ?? 0) >= 2 }
                }
                #expect(isNew, "\(running.sink.values(series))")
            } else {
                let values = try await running.wait(for: series, count: 4)
                #expect(values.allSatisfy { $0 == 1 })
                #expect(server.tokenRequests.count == 1)
            }
            await running.stop()
        }
    }

    @Test(arguments: [false, true])
    func `client and secret of any letters are encoded, in the header and in the form`(
        isForm: Bool
    ) async throws {
        let server = try TokenServer()
        let encoded = "s%3Ae%2Fc%2Br%25e+t"
        server.state.withLock { ($0.refusesBasic, $0.secret) = (isForm, encoded) }
        var job = try job(server, secret: "client_secret: \"s:e/c+r%e t\"")
        job.http.oauth2?.clientID = "c:l/i+e%n t"
        let running = RunningScraper()
        await running.apply([job])
        _ = try await running.wait(for: series("calls_total", server.port))
        await running.stop()
        let request = try #require(server.tokenRequests.last)
        if isForm {
            #expect(request.body.contains("client_id=c%3Al%2Fi%2Be%25n+t"), "\(request.body)")
            #expect(request.body.contains("client_secret=\(encoded)"))
        } else {
            let pair = Base64.standard.encode(Array("c%3Al%2Fi%2Be%25n+t:\(encoded)".utf8))
            #expect(request["Authorization"] == "Basic \(pair)")
        }
    }

    @Test func `two secrets for one client are an error of the file`() {
        #expect {
            _ = try Configured.job(
                """
                oauth2: {client_id: a, client_secret: b, client_secret_file: c, token_url: "http://t/"}
                """)
        } throws: { error in
            "\(error)".contains("client_secret_file")
        }
    }

    @Test func `a token without the scope fails the scrape and stays`() async throws {
        let tokens = try TokenServer()
        let target = try ScriptedServer.answering { _ in
            ScriptedAnswer(
                403,
                [#"WWW-Authenticate: Bearer error="insufficient_scope", scope="metrics.read""#])
        }
        var job = try job(tokens)
        job.discovery = try Configured.job(
            "static_configs: [{targets: [\"127.0.0.1:\(target.port)\"]}]"
        ).discovery
        let running = RunningScraper()
        await running.apply([job])
        let up = try await running.wait(for: series("up", target.port), count: 3)
        await running.stop()
        #expect(up.allSatisfy { $0 == 0 })
        let error = await running.scraper.status().first?.lastError
        #expect(error?.hasPrefix("server returned HTTP status 403") == true, "\(error ?? "none")")
        #expect(tokens.tokenRequests.count == 1)
    }

    @Test func `a label picks a profile of weir.yml, and an unknown one says so`() async throws {
        let server = try ScriptedServer.answering { _ in
            ScriptedAnswer(200, ["Content-Type: text/plain"], body: "a 1\n")
        }
        let running = RunningScraper()
        let jobs = try Configured.jobs(
            """
            scrape_configs:
              - job_name: job
                scrape_interval: 400ms
                scrape_timeout: 400ms
                static_configs:
                  - targets: ["127.0.0.1:\(server.port)"]
                    labels: {__auth_profile__: branch}
                  - targets: ["localhost:\(server.port)"]
                    labels: {__auth_profile__: nobody}
              - job_name: profile
                basic_auth: {username: u, password: p}
            """)
        await running.apply([jobs[0]], profiles: ["branch": jobs[1].http])
        _ = try await running.wait(for: series("a", server.port))
        let up = try await running.wait(for: series("up", server.port, host: "localhost"))
        #expect(up.first == 0)
        let status = await running.scraper.status()
        #expect(status.first { $0.lastError != nil }?.lastError?.contains("nobody") == true)
        #expect(status.first { $0.lastError == nil }?.authProfile == "branch")
        #expect(server.requests.allSatisfy { $0["Authorization"] == "Basic dTpw" })
        #expect(running.sink.names.allSatisfy { !$0.contains("auth_profile") })
        await running.stop()
    }

    @Test func `tokens are counted, and none is shown`() async throws {
        let server = try TokenServer()
        let running = RunningScraper()
        await running.apply([try job(server)])
        _ = try await running.wait(for: series("calls_total", server.port))
        let families = running.registry.snapshot().filter { $0.name.hasPrefix("weir_oauth2_") }
        #expect(
            families.map(\.name) == [
                "weir_oauth2_failures", "weir_oauth2_requests", "weir_oauth2_token_age_seconds",
                "weir_oauth2_token_expiry_seconds", "weir_oauth2_token_present",
            ])
        #expect(families[1].lines.map(\.value) == [1])
        #expect(!"\(families)".contains("CLIENT_SECRET") && !"\(families)".contains("\"t1\""))
        let status = await running.scraper.status()
        #expect(status.first?.token?.isPresent == true)
        #expect(!"\(status)".contains("t1\"") && !"\(status)".contains("CLIENT_SECRET"))
        await running.stop()
    }
}
