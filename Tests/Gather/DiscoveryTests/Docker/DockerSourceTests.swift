import HTTPServe
import Model
import TestKit
import Testing
import Threads

@testable import Discovery

/// A daemon of Docker on a unix socket, as a test plays it.
private final class FakeDaemon: Sendable {
    private let folder: TemporaryFolder
    private let server: HTTPServer
    private let answers: Locked<[String: (status: Int, body: String)]>
    private let asked: Locked<[String]>

    private init(_ folder: TemporaryFolder) throws {
        self.folder = folder
        let answers = Locked<[String: (status: Int, body: String)]>([:])
        let asked = Locked<[String]>([])
        (self.answers, self.asked) = (answers, asked)
        var router = Router()
        for path in ["/containers/json", "/networks", "/services", "/tasks", "/nodes"] {
            try router.on(.get, path) { request in
                asked.withLock { $0.append(request.rawTarget) }
                let answer =
                    answers.withLock { $0[path] }
                    ?? (status: 403, body: #"{"message": "not for you"}"#)
                return .json(Array(answer.body.utf8), status: answer.status)
            }
        }
        server = HTTPServer(
            options: HTTPServerOptions(listeners: [.unix(path: folder.file("docker.sock"))]),
            router: router)
    }

    /// Runs `body` against a daemon, and stops it whatever happens.
    static func running(_ body: (FakeDaemon) async throws -> Void) async throws {
        let daemon = try FakeDaemon(TemporaryFolder("docker"))
        try await daemon.server.start()
        do {
            try await body(daemon)
            await daemon.server.stop(grace: .zero)
        } catch {
            await daemon.server.stop(grace: .zero)
            throw error
        }
    }

    var host: String { "unix://" + folder.file("docker.sock") }
    var requests: [String] { asked.withLock { $0 } }

    func set(_ path: String, _ body: String, status: Int = 200) {
        answers.withLock { $0[path] = (status, body) }
    }
}

struct DockerSourceTests {
    private static func addresses(_ recorder: Recorder) -> [String] {
        recorder.groups.flatMap { $0.targets.map { $0["__address__"] } }
    }

    private static func container(_ ip: String) -> String {
        """
        [{"Id": "c1", "Names": ["/till"], "HostConfig": {"NetworkMode": "x"}, "Labels": {"a": "b"},
          "Ports": [{"PrivatePort": 80, "Type": "tcp"}],
          "NetworkSettings": {"Networks": {"x": {"IPAddress": "\(ip)", "NetworkID": "n"}}}}]
        """
    }

    @Test func `a daemon on its socket is asked with filters, and asked again`() async throws {
        try await FakeDaemon.running { daemon in
            daemon.set("/containers/json", Self.container("172.19.0.2"))
            daemon.set("/networks", "[]")
            let source = try Configured.source(
                """
                docker_sd_configs:
                - host: \(daemon.host)
                  refresh_interval: 20ms
                  filters: [{name: status, values: [running]}]
                """)
            try await source.recorded { recorder in
                let isFound = try await recorder.wait { Self.addresses($0) == ["172.19.0.2:80"] }
                #expect(isFound)
                daemon.set("/containers/json", #"{"message": "busy"}"#, status: 500)
                let hasFailed = try await recorder.wait { !$0.failures.isEmpty }
                #expect(hasFailed)
                #expect(
                    recorder.failures[0].hasSuffix(
                        "/containers/json: 500 Internal Server Error: busy"))
                #expect(Self.addresses(recorder) == ["172.19.0.2:80"], "the last good answer stays")
                daemon.set("/containers/json", Self.container("172.19.0.3"))
                let hasRecovered = try await recorder.wait {
                    Self.addresses($0) == ["172.19.0.3:80"]
                }
                #expect(hasRecovered)
                daemon.set("/containers/json", "null")
                let isEmpty = try await recorder.wait { Self.addresses($0) == [] }
                #expect(isEmpty)
            }
            #expect(
                daemon.requests[0]
                    == "/containers/json?filters=%7B%22status%22%3A%7B%22running%22%3Atrue%7D%7D")
            #expect(daemon.requests.contains("/networks"))
        }
    }

    @Test(arguments: [
        ("services", ["/services", "/networks"], "10.0.0.3:8080"),
        ("nodes", ["/nodes"], "192.168.7.1:80"),
        (
            "tasks", ["/tasks", "/services", "/nodes", "/networks", "/containers/json"],
            "10.0.0.4:8080"
        ),
    ])
    func `a swarm is asked for what its role needs`(
        role: String, paths: [String], address: String
    ) async throws {
        try await FakeDaemon.running { daemon in
            daemon.set("/networks", "[]")
            daemon.set("/nodes", #"[{"ID": "m", "Status": {"Addr": "192.168.7.1"}}]"#)
            daemon.set(
                "/services",
                """
                [{"ID": "s", "Endpoint": {"Ports": [{"Protocol": "tcp", "PublishedPort": 8080}],
                  "VirtualIPs": [{"NetworkID": "n", "Addr": "10.0.0.3/24"}]}}]
                """)
            daemon.set(
                "/tasks",
                """
                [{"ID": "t", "ServiceID": "s", "Spec": {"ContainerSpec": {}}, "NetworksAttachments":
                  [{"Network": {"ID": "n"}, "Addresses": ["10.0.0.4/24"]}]}]
                """)
            let source = try Configured.source(
                """
                dockerswarm_sd_configs:
                - host: \(daemon.host)
                  role: \(role)
                  filters: [{name: name, values: [x]}]
                """)
            try await source.recorded { recorder in
                let isFound = try await recorder.wait { Self.addresses($0) == [address] }
                #expect(isFound, "\(recorder.all)")
            }
            let filters = "?filters=%7B%22name%22%3A%7B%22x%22%3Atrue%7D%7D"
            #expect(daemon.requests == [paths[0] + filters] + paths.dropFirst())
        }
    }
}
