import API
import Access
import TestKit
import Testing

/// The same question to Weir and to a real Prometheus.
struct PrometheusTwinTests {
    // What the two have to say alike: status, body where it is fixed, and these fields.
    private static let fields = [
        "content-type", "access-control-allow-origin", "access-control-allow-headers",
        "access-control-allow-methods", "access-control-expose-headers",
    ]

    @Test func `Weir answers as Prometheus does`() async throws {
        let folder = try TemporaryFolder("twin")
        let config = try folder.write("global: {}\n", to: "prometheus.yml")
        let port = try FreePort.tcp()
        let title = "<a>&\"\u{1}\u{8}\u{c}\u{2028}\\é\t"
        let prometheus = try await ChildProcess.start([
            "prometheus", "--config.file=\(config)", "--storage.tsdb.path=\(folder.file("data"))",
            "--web.listen-address=127.0.0.1:\(port)", "--web.page-title=\(title)",
        ])
        let there = "http://127.0.0.1:\(port)"
        let isReady = try await eventually {
            // Not listening yet.
            (try? await HTTPAnswer.of(there + "/-/ready").status) == 200
        }
        try #require(isReady, "\(prometheus.errors)")
        let live = try LiveServer(lifecycle: false, flags: [("web.page-title", title)])
        live.readiness.state = .ready
        try await live.run { here in
            for (method, path, isBodyFixed) in Self.questions {
                let words = ["-X", method, "-H", "Origin: http://x.example"]
                let theirs = try await HTTPAnswer.of(there + path, words)
                let ours = try await HTTPAnswer.of(here + path, words)
                #expect(ours.status == theirs.status, "\(method) \(path)")
                if isBodyFixed { #expect(ours.body == theirs.body, "\(method) \(path)") }
                // Weir lets a browser's page read refusals too.
                let isAnswered = theirs.status < 400 && path.contains("/api/")
                for name in Self.fields where name == "content-type" || isAnswered {
                    #expect(ours[name] == theirs[name], "\(method) \(path) \(name)")
                }
            }
            // The escapes of a JSON text, as Prometheus's encoder writes them.
            let ours = try await HTTPAnswer.of(here + "/api/v1/status/flags").body
            let theirs = try await HTTPAnswer.of(there + "/api/v1/status/flags").body
            let begin = try #require(ours.firstRange(of: #""web.page-title""#)).lowerBound
            #expect(theirs.contains(ours[begin...].dropLast(2)), "\(ours)")
            try await compareMembers(of: "/api/v1/status/buildinfo", here, there)
            try await compareMembers(of: "/version", here, there)
        }
        await prometheus.stop()
    }

    private static let questions: [(String, String, Bool)] = [
        ("GET", "/-/healthy", true), ("GET", "/-/ready", true), ("POST", "/-/reload", true),
        ("PUT", "/-/quit", true), ("GET", "/-/reload", true), ("GET", "/-/quit", true),
        ("GET", "/nope", true), ("GET", "/api/v1/nope", true), ("POST", "/nope", true),
        ("POST", "/-/healthy", false), ("DELETE", "/-/quit", false),
        ("POST", "/api/v1/status/config", false), ("OPTIONS", "/api/v1/status/config", true),
        ("GET", "/api/v1/status/config", false), ("GET", "/api/v1/status/flags", false),
        ("GET", "/api/v1/status/buildinfo", false), ("GET", "/api/v1/status/runtimeinfo", false),
    ]

    /// The names of the members, in their order.
    private func compareMembers(of path: String, _ here: String, _ there: String) async throws {
        let ours = names(try await HTTPAnswer.of(here + path).body)
        let theirs = names(try await HTTPAnswer.of(there + path).body)
        #expect(ours == theirs)
    }

    private func names(_ json: String) -> [String] {
        json.matches(of: /"([A-Za-z]+)":/).map { String($0.output.1) }
    }
}
