import API
import Access
import HTTPServe
import Head
import Model
import PromQL
import Receiving
import Relay
import Telemetry
import TestKit
import Threads

/// Routes on a real socket, with a gatekeeper before them.
final class LiveServer: Sendable {
    let registry = MetricRegistry()
    let head: Head
    let readiness: Readiness
    let bucket = RequestBucket()
    let keeper: Gatekeeper
    let events = Locked<[String]>([])
    /// What it serves.
    let routes: [Route]
    private let receiver: Receiver
    private let server: HTTPServer
    private let port: Locked<UInt16> = Locked(0)

    /// Routes behind a gatekeeper with these credentials, on an address that lets in `access`.
    init(
        _ credentials: [Credential] = [], access: ListenerAccess = .open, lifecycle: Bool = true,
        prefix: String = "/", flags: [(name: String, value: String)] = [("a", "<1>")],
        extra: [Route] = [], source: any SeriesSource = NoSeries(),
        relay: RelayOptions = RelayOptions(), targets: TargetAccess = .none,
        admin: AdminAccess = AdminAccess(), exemplars: (any ExemplarSource)? = nil,
        jobs: [String: String] = [:],
        receives: Bool = false,
        reload: @escaping @Sendable () async throws -> Void = {}
    ) throws {
        head = Head(span: .hours(1), registry: MetricRegistry())
        readiness = Readiness(registry: registry)
        keeper = Gatekeeper(try CredentialTable(credentials), registry: registry, log: .silent)
        let events = events
        var needs = Dependencies(
            build: .init(version: "1.2.3", revision: "abc", compiler: "swift6.3"),
            startTime: Timestamp(milliseconds: 1_767_323_045_678), flags: flags,
            readiness: readiness, registry: registry, source: source, head: head,
            relay: { [relay] in relay }, userAgent: "Weir/1.2.3 (me)", engine: Engine(),
            isLifecycleEnabled: lifecycle,
            configText: { "global:\n  scrape_interval: 1m\n" },
            lastReload: {
                .init(succeeded: true, time: Timestamp(milliseconds: 1_767_323_046_000))
            },
            retention: { "15d" },
            reload: {
                events.withLock { $0.append("reload") }
                try await reload()
            },
            quit: { events.withLock { $0.append("quit") } })
        needs.targets = targets
        receiver = Receiver(sink: head, registry: MetricRegistry(), log: .silent)
        if receives { needs.receiver = receiver }
        needs.admin = admin
        needs.jobText = { jobs[$0] }
        if let exemplars { needs.exemplars = exemplars }
        routes = Routes.all(needs) + extra
        let gate = AccessGate(keeper, rateLimit: bucket) { access }
        var options = HTTPServerOptions(listeners: [.tcp(host: "127.0.0.1", port: 0)])
        options.cors = .everyOrigin
        server = HTTPServer(
            options: options, router: try Routes.router(routes, prefix: prefix),
            gate: gate.gate)
    }

    /// Runs `body` with the server listening, and stops it also where `body` throws.
    func run(_ body: (String) async throws -> Void) async throws {
        try await server.start()
        let receiving = Task { await receiver.run() }
        defer { receiving.cancel() }
        let address = server.addresses[0]
        do { try await body("http://\(address)") } catch {
            await server.stop(grace: .zero)
            throw error
        }
        await server.stop(grace: .zero)
    }
}

/// A source without series.
struct NoSeries: SeriesSource {
    func series(
        matching matchers: [Matcher], in range: ClosedRange<Timestamp>
    ) async throws(SourceError) -> [Series] { [] }
}

/// One answer as curl saw it.
struct HTTPAnswer: CustomStringConvertible {
    let status: Int
    /// Names in lower case.
    let fields: [(name: String, value: String)]
    let body: String
    /// All of it.
    let description: String

    subscript(name: String) -> String? { fields.first { $0.name == name }?.value }

    func values(_ name: String) -> [String] { fields.filter { $0.name == name }.map(\.value) }

    /// Asks with curl: `words` are its flags.
    static func of(_ url: String, _ words: [String] = []) async throws -> HTTPAnswer {
        let outcome = try await ChildProcess.run(
            ["curl", "-sS", "-i", "--path-as-is", "--max-time", "20"] + words + [url])
        guard outcome.status == 0 else { throw CurlFailure(description: outcome.errors) }
        let text = outcome.output
        let end = text.firstRange(of: "\r\n\r\n") ?? text.endIndex..<text.endIndex
        let head = text[..<end.lowerBound].split(separator: "\r\n")
        let status = head.first?.split(separator: " ").dropFirst().first.flatMap { Int($0) }
        return HTTPAnswer(
            status: status ?? 0,
            fields: head.dropFirst().map { line in
                let parts = line.split(separator: ":", maxSplits: 1)
                return (
                    parts[0].lowercased(),
                    parts.count > 1 ? String(parts[1].drop { $0 == " " }) : ""
                )
            },
            body: String(text[end.upperBound...]), description: text)
    }
}

/// What curl complained of.
struct CurlFailure: Error, CustomStringConvertible { let description: String }

/// A source of fixed series.
struct FixedSeries: SeriesSource {
    let all: [Labels]

    func series(
        matching matchers: [Matcher], in range: ClosedRange<Timestamp>
    ) async throws(SourceError) -> [Series] {
        all.filter { matchers.accept($0) }.map { Series(labels: $0, samples: []) }
    }
}
