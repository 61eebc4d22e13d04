import Configuration
import HTTPFetch
import Model
import Telemetry

/// `http_sd_configs`: targets that a server lists as JSON.
struct HTTPSource: TargetSource {
    private let config: HTTPDiscoveryConfig
    private let surroundings: SourceSurroundings
    private let failures: Counter

    // Room for the longest list that is read at all.
    private static let bodyLimit = 256 << 20

    init(_ config: HTTPDiscoveryConfig, _ surroundings: SourceSurroundings) {
        self.config = config
        self.surroundings = surroundings
        failures = surroundings.registry.counter(
            "weir_sd_http_failures_total", "Lists of targets that a server did not give.")
    }

    func run(_ updates: TargetUpdates) async {
        let loop = RefreshLoop(kind: "http", every: config.refreshInterval, surroundings)
        await loop.run(updates) {
            do { return try await groups() } catch {
                if !Task.isCancelled { failures.add() }
                throw error
            }
        }
    }

    /// A URL as people may see it: without user, password and the values of its query.
    static func shown(_ url: String) -> String {
        // Lost is only what the URL is; the source itself says why it is none.
        (try? HTTPAddress(url))?.description ?? "?"
    }

    private func groups() async throws -> [TargetGroup] {
        let address = try HTTPAddress(config.url)
        let seconds = config.refreshInterval.milliseconds
        let fields: HTTPFields = HTTPFields([
            "Accept": "application/json",
            "X-Prometheus-Refresh-Interval-Seconds": Self.decimal(milliseconds: seconds),
        ])
        let request = HTTPRequest(
            "GET", address, fields: fields, timeout: config.refreshInterval.duration,
            bodyLimitBytes: Self.bodyLimit)
        let response = try await surroundings.client.fetch(request, with: config.http.options())
        let place = address.description
        guard response.status == 200 else {
            throw DiscoveryError.badAnswer(
                url: place, reason: "server returned HTTP status \(response.statusLine)")
        }
        guard Self.isJSON(response.fields["Content-Type"] ?? "") else {
            throw DiscoveryError.badAnswer(
                url: place,
                reason: "unsupported content type "
                    + "\(Labels.quoted(response.fields["Content-Type"] ?? "")); "
                    + "the list has to be application/json")
        }
        let label = Label("__meta_url", config.url)
        return try TargetList.json(response.body, place: place, label: label)
    }

    /// `application/json`, with no parameter but the one charset that JSON has.
    static func isJSON(_ contentType: String) -> Bool {
        let type = contentType.lowercased().trimmed
        guard type.hasPrefix("application/json") else { return false }
        let rest = type.dropFirst("application/json".utf8.count)
        guard let semicolon = rest.first else { return true }
        let charset = String(rest.dropFirst()).trimmed
        return semicolon == ";" && ["charset=utf-8", "charset=\"utf-8\""].contains(charset)
    }

    /// Seconds without needless digits: `60`, `0.5`.
    private static func decimal(milliseconds: Int64) -> String {
        guard milliseconds % 1000 != 0 else { return "\(milliseconds / 1000)" }
        return "\(Double(milliseconds) / 1000)"
    }
}

extension String {
    /// Without blanks around it.
    fileprivate var trimmed: String {
        func isBlank(_ character: Character) -> Bool { character == " " || character == "\t" }
        let head = drop(while: isBlank)
        return String(head.reversed().drop(while: isBlank).reversed())
    }
}
