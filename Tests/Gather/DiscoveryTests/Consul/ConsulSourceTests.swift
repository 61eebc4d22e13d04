import Configuration
import Glibc
import Model
import TestKit
import Testing
import Threads

@testable import Discovery

/// An agent of Consul as a test plays it, whose answers wait as those of Consul do.
private final class FakeAgent: Sendable {
    private struct State {
        var answers: [String: (body: String, index: Int)] = [:]
        var refusal: ScriptedAnswer?
        var isClosed = false
    }

    private final class Script: Sendable {
        let state = Locked(State())
    }

    private let shared = Script()
    private let server: ScriptedServer

    init() throws {
        let shared = shared
        server = try ScriptedServer.answering { request in
            let path = String(request.path.prefix { $0 != "?" })
            let past = request.path.firstRange(of: "index=").flatMap {
                Int(request.path[$0.upperBound...].prefix { $0.isNumber })
            }
            while true {
                let (answer, refusal, isClosed) = shared.state.withLock {
                    ($0.answers[path], $0.refusal, $0.isClosed)
                }
                if let refusal { return refusal }
                guard !isClosed, let answer else { return .json("\"nothing\"", status: 404) }
                if let past, past == answer.index {
                    usleep(2_000)
                    continue
                }
                return ScriptedAnswer(
                    200, ["X-Consul-Index: \(answer.index)"], body: answer.body)
            }
        }
    }

    deinit { shared.state.withLock { $0.isClosed = true } }

    var address: String { "127.0.0.1:\(server.port)" }
    var requests: [ScriptedRequest] { server.requests }

    func set(_ path: String, _ body: String, index: Int) {
        shared.state.withLock { $0.answers[path] = (body, index) }
    }

    func setService(_ name: String, port: Int, index: Int) {
        set(
            "/v1/health/service/\(name)",
            """
            [{"Node": {"Node": "n", "Address": "10.0.0.1"}, "Checks": [],
              "Service": {"ID": "\(name)", "Port": \(port), "Tags": ["v3"]}}]
            """, index: index)
    }

    func refuse(_ answer: ScriptedAnswer?) { shared.state.withLock { $0.refusal = answer } }
}

struct ConsulSourceTests {
    private func source(_ agent: FakeAgent, _ yaml: String) throws -> ConsulSource {
        let job = try Configured.job(
            "consul_sd_configs:\n- {server: \"\(agent.address)\", refresh_interval: 1ms, \(yaml)}")
        return ConsulSource(
            job.discovery.consul[0], Configured.surroundings(),
            pace: RetryPace(from: .milliseconds(1), to: .milliseconds(4)))
    }

    private static func addresses(_ recorder: Recorder) -> [String] {
        recorder.groups.flatMap { $0.targets.map { $0["__address__"] } }
    }

    @Test func `services come, change and go as the catalog says`() async throws {
        let agent = try FakeAgent()
        agent.set("/v1/agent/self", #"{"Config": {"Datacenter": "here"}}"#, index: 0)
        agent.set("/v1/catalog/services", #"{"till": [], "stock": ["v3"]}"#, index: 5)
        agent.setService("till", port: 1, index: 7)
        agent.setService("stock", port: 2, index: 7)
        agent.setService("bank", port: 3, index: 7)
        try await source(agent, "allow_stale: false").recorded { recorder in
            let isFound = try await recorder.wait {
                Self.addresses($0) == ["10.0.0.1:2", "10.0.0.1:1"]
            }
            #expect(isFound)
            #expect(
                recorder.groups[0].labels
                    == ["__meta_consul_service": "stock", "__meta_consul_dc": "here"])
            agent.setService("till", port: 11, index: 8)
            let isChanged = try await recorder.wait {
                Self.addresses($0) == ["10.0.0.1:2", "10.0.0.1:11"]
            }
            #expect(isChanged)
            agent.set("/v1/catalog/services", #"{"till": [], "bank": []}"#, index: 6)
            let isFollowed = try await recorder.wait {
                Self.addresses($0) == ["10.0.0.1:3", "10.0.0.1:11"]
            }
            #expect(isFollowed)
            #expect(recorder.failures == [])
        }
        let asked = Set(agent.requests.map(\.path))
        #expect(asked.contains("/v1/health/service/till?wait=120000ms"))
        #expect(asked.contains("/v1/health/service/till?index=7&wait=120000ms"))
        #expect(asked.contains("/v1/catalog/services?index=5&wait=120000ms"))
    }

    @Test func `an index that goes backwards is asked for anew`() async throws {
        let agent = try FakeAgent()
        agent.setService("till", port: 1, index: 700)
        try await source(agent, "services: [till], datacenter: dc9").recorded { recorder in
            let isFound = try await recorder.wait { Self.addresses($0) == ["10.0.0.1:1"] }
            #expect(isFound)
            agent.setService("till", port: 2, index: 3)
            let isRestored = try await recorder.wait { Self.addresses($0) == ["10.0.0.1:2"] }
            #expect(isRestored)
            agent.setService("till", port: 4, index: 4)
            let isFollowed = try await recorder.wait { Self.addresses($0) == ["10.0.0.1:4"] }
            #expect(isFollowed)
        }
        let paths = agent.requests.map(\.path)
        #expect(!paths.contains { $0.hasPrefix("/v1/catalog") || $0.hasPrefix("/v1/agent") })
        #expect(
            paths.starts(with: [
                "/v1/health/service/till?dc=dc9&stale=&wait=120000ms",
                "/v1/health/service/till?dc=dc9&index=700&stale=&wait=120000ms",
                "/v1/health/service/till?dc=dc9&stale=&wait=120000ms",
            ]))
    }

    @Test func `everything that narrows the question is asked, with the token`() async throws {
        let agent = try FakeAgent()
        agent.set("/consul/v1/catalog/services", #"{"a/b": ["v3", "x"]}"#, index: 5)
        agent.set("/consul/v1/health/service/a%2Fb", "[]", index: 5)
        let yaml = """
            path_prefix: /consul/, token: sesame, datacenter: dc9, namespace: n, partition: p,
            tags: [v3, x], node_meta: {rack: "9", area: b}, filter: 'ServiceName == "a/b"',
            health_filter: 'Service.Meta.team == till'
            """.split(separator: "\n").joined(separator: " ")
        try await source(agent, yaml).recorded { recorder in
            let isAsked = try await eventually { agent.requests.count >= 2 }
            #expect(isAsked)
            #expect(recorder.failures == [])
        }
        let first = "dc=dc9&ns=n&partition=p"
        let rest = "node-meta=area%3Ab&node-meta=rack%3A9&stale=&wait=120000ms"
        let paths = agent.requests.map(\.path)
        #expect(
            paths.contains(
                "/consul/v1/catalog/services?\(first)&filter=ServiceName%20%3D%3D%20%22a%2Fb%22&"
                    + rest))
        #expect(
            paths.contains(
                "/consul/v1/health/service/a%2Fb?\(first)&tag=v3&tag=x"
                    + "&filter=Service.Meta.team%20%3D%3D%20till&" + rest))
        #expect(agent.requests.allSatisfy { $0["X-Consul-Token"] == "sesame" })
    }

    @Test func `an agent that fails keeps what was found, and is asked again`() async throws {
        let agent = try FakeAgent()
        agent.setService("till", port: 1, index: 7)
        try await source(agent, "services: [till], datacenter: dc1").recorded { recorder in
            let isFound = try await recorder.wait { Self.addresses($0) == ["10.0.0.1:1"] }
            #expect(isFound)
            agent.refuse(ScriptedAnswer(500, body: "No cluster leader"))
            let hasFailed = try await recorder.wait { !$0.failures.isEmpty }
            #expect(hasFailed)
            #expect(recorder.failures[0].hasSuffix("500 Word: No cluster leader"))
            #expect(Self.addresses(recorder) == ["10.0.0.1:1"])
            agent.setService("till", port: 2, index: 9)
            agent.refuse(nil)
            let hasRecovered = try await recorder.wait { Self.addresses($0) == ["10.0.0.1:2"] }
            #expect(hasRecovered)
        }
    }

    @Test func `an agent that is away is asked until it tells its data centre`() async throws {
        let agent = try FakeAgent()
        agent.refuse(ScriptedAnswer(503))
        agent.set("/v1/agent/self", #"{"Config": {"Datacenter": "here"}}"#, index: 0)
        agent.set("/v1/catalog/services", "{}", index: 5)
        try await source(agent, "tags: [x]").recorded { recorder in
            let hasFailed = try await recorder.wait { $0.failures.count >= 2 }
            #expect(hasFailed)
            agent.refuse(nil)
            let isAnswered = try await recorder.wait { $0.all.contains(.replaced([])) }
            #expect(isAnswered, "no service is an answer too")
        }
    }
}
