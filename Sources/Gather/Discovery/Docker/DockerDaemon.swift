import Configuration
import HTTPFetch
import JSON
import Model

/// Asks a daemon of Docker, over its socket or over the network.
struct DockerDaemon: Sendable {
    private let base: String
    private let socket: String?
    private let client: HTTPClient
    private let options: HTTPClientOptions
    private let timeout: Duration

    /// `host` begins with `unix://`, `tcp://`, `http://` or `https://`.
    init(
        host: String, http: HTTPClientConfig, timeout: TimeSpan, _ surroundings: SourceSurroundings
    ) throws {
        client = surroundings.client
        options = try http.options()
        // Who refreshes every second still lets the daemon take its time.
        self.timeout = max(timeout.duration, .seconds(10))
        if host.hasPrefix("unix://") {
            socket = String(host.dropFirst("unix://".count))
            base = "http://docker"
        } else {
            socket = nil
            base = host.hasPrefix("tcp://") ? "http://" + host.dropFirst("tcp://".count) : host
        }
    }

    /// The answer to a question for a list.
    func list(_ path: String, filters: [DiscoveryFilter] = []) async throws -> JSONValue {
        var url = SourceURL(base, path)
        url.addFilled("filters", Self.text(of: filters))
        let request = HTTPRequest(
            "GET", try url.address(), fields: HTTPFields(["Accept": "application/json"]),
            timeout: timeout,
            bodyLimitBytes: 256 << 20, unixSocket: socket)
        let response = try await client.fetch(request, with: options)
        let place = socket.map { "\($0)\(path)" } ?? request.url.description
        guard response.status == 200 else {
            // A refusal that is no JSON says no more than its status line.
            let message = (try? JSONReader.read(response.body))?["message"].text ?? ""
            throw DiscoveryError.badAnswer(
                url: place,
                reason: response.statusLine + (message.isEmpty ? "" : ": \(message)"))
        }
        let answer = try JSONReader.read(response.body)
        guard case .array = answer else {
            // An empty list of Go may be written as null.
            guard answer.isNull else {
                throw DiscoveryError.badAnswer(url: place, reason: "this is no list")
            }
            return .array([])
        }
        return answer
    }

    /// Filters as the daemon takes them: `{"name":{"value":true}}`; empty for none.
    static func text(of filters: [DiscoveryFilter]) -> String {
        var values: [String: Set<String>] = [:]
        for filter in filters { values[filter.name, default: []].formUnion(filter.values) }
        guard !values.isEmpty else { return "" }
        let members = values.sorted { $0.key < $1.key }.map { name, values in
            let inner = values.sorted().map { "\(quoted($0)):true" }.joined(separator: ",")
            return "\(quoted(name)):{\(inner)}"
        }
        return "{\(members.joined(separator: ","))}"
    }

    private static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case _ where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
