import Configuration
import HTTPFetch
import JSON
import Model

/// What an agent answered, and the index to wait past with the next question.
struct ConsulAnswer: Sendable {
    var value: JSONValue
    var index: String?
}

/// Asks one agent of Consul.
struct ConsulAgent: Sendable {
    /// How long a question waits for something new.
    private static let wait = Duration.seconds(120)

    private let config: ConsulDiscoveryConfig
    private let base: String
    private let socket: String?
    private let client: HTTPClient
    private let options: HTTPClientOptions

    init(_ config: ConsulDiscoveryConfig, _ surroundings: SourceSurroundings) throws {
        self.config = config
        client = surroundings.client
        var server = config.server
        let unix = "unix://"
        socket = server.hasPrefix(unix) ? String(server.dropFirst(unix.count)) : nil
        if socket != nil { server = "consul" }
        if let scheme = server.firstRange(of: "://") {
            base = server
            guard ["http", "https"].contains(server[..<scheme.lowerBound]) else {
                throw DiscoveryError.badSettings(
                    reason: "consul_sd_configs: server \(config.server) is neither host:port, "
                        + "http://, https:// nor unix://")
            }
        } else {
            base = "\(socket == nil ? config.scheme : "http")://\(server)"
        }
        var options = try config.http.options()
        if let token = config.token, !token.isEmpty {
            options.headers.append(
                CustomHeader("X-Consul-Token", secrets: [.text(try token.reveal())]))
        }
        self.options = options
    }

    /// The name of the agent's own data centre.
    func ownDatacenter() async throws -> String {
        let url = url("/v1/agent/self")
        let answer = try await ask(url, timeout: .seconds(30))
        guard let name = answer.value["Config"]["Datacenter"].text else {
            throw bad(url, "the agent does not tell its data centre")
        }
        return name
    }

    /// The services and their tags, once they are not what they were at `index`.
    func catalog(_ index: BlockingIndex) async throws -> ConsulAnswer {
        var url = url("/v1/catalog/services")
        addQuestion(&url, index, filter: config.filter)
        let answer = try await ask(url, timeout: Self.wait + .seconds(15))
        guard case .object = answer.value else { throw bad(url, "this is no list of services") }
        return answer
    }

    /// The instances of a service, once they are not what they were at `index`.
    func health(of service: String, _ index: BlockingIndex) async throws -> ConsulAnswer {
        var url = url("/v1/health/service/" + SourceURL.escaped(service))
        for tag in config.tags { url.add("tag", tag) }
        addQuestion(&url, index, filter: config.healthFilter)
        let answer = try await ask(url, timeout: Self.wait + .seconds(15))
        guard case .array = answer.value else { throw bad(url, "this is no list of instances") }
        return answer
    }

    private func addQuestion(_ url: inout SourceURL, _ index: BlockingIndex, filter: String) {
        url.addFilled("filter", filter)
        if index.value > 0 { url.add("index", "\(index.value)") }
        for (name, value) in config.nodeMeta.sorted(by: { $0.key < $1.key }) {
            url.add("node-meta", "\(name):\(value)")
        }
        if config.allowStale { url.add("stale", "") }
        url.add("wait", "\(Self.wait.components.seconds * 1000)ms")
    }

    private func url(_ path: String) -> SourceURL {
        let prefix = config.pathPrefix.split(separator: "/").map { "/" + $0 }.joined()
        var url = SourceURL(base, prefix + path)
        url.addFilled("dc", config.datacenter)
        url.addFilled("ns", config.namespace)
        url.addFilled("partition", config.partition)
        return url
    }

    private func ask(_ url: SourceURL, timeout: Duration) async throws -> ConsulAnswer {
        let request = HTTPRequest(
            "GET", try url.address(), fields: HTTPFields(["Accept": "application/json"]),
            timeout: timeout,
            bodyLimitBytes: 256 << 20, unixSocket: socket)
        let response = try await client.fetch(request, with: options)
        guard response.status == 200 else {
            let text = String(decoding: response.body.prefix(200), as: UTF8.self)
            let words = text.split { $0.isNewline }.joined(separator: " ")
            throw bad(url, response.statusLine + (words.isEmpty ? "" : ": \(words)"))
        }
        return ConsulAnswer(
            value: try JSONReader.read(response.body), index: response.fields["X-Consul-Index"])
    }

    private func bad(_ url: SourceURL, _ reason: String) -> DiscoveryError {
        // What is no URL has no description that could be shown.
        .badAnswer(url: (try? url.address().description) ?? base, reason: reason)
    }
}
