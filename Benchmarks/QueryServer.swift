import API
import Access
import Glibc
import HTTPServe
import Head
import Model
import Postgres
import PromQL
import Relay
import Storage
import Telemetry

/// Weir's query API in a process of its own, so that its time and memory can be told from those of
/// who asks: `Benchmarks query-server PORT farm TARGETS SCRAPES one|many`, or
/// `Benchmarks query-server PORT history CONNECTION`.
enum QueryServer {
    static func run(_ words: [String]) async throws {
        guard words.count >= 3, let port = UInt16(words[0]) else { return }
        let source: any SeriesSource
        if words[1] == "farm", words.count == 5, let targets = Int(words[2]),
            let scrapes = Int(words[3])
        {
            guard
                let farm = try Farm(
                    targets: targets, scrapes: scrapes, hasOneName: words[4] == "one")
            else { return }
            source = try await farm.head()
        } else {
            source = History(pool: PostgresPool(try PostgresOptions(words[2])))
        }
        let registry = MetricRegistry()
        let readiness = Readiness(registry: registry)
        let needs = Dependencies(
            build: .init(version: "0", compiler: "swift"), startTime: WallClock.now, flags: [],
            readiness: readiness, registry: registry, source: source,
            head: Head(span: .hours(1), registry: MetricRegistry()), relay: { RelayOptions() },
            userAgent: "Weir", engine: Engine(), isLifecycleEnabled: false, configText: { "" },
            lastReload: { .init(succeeded: true, time: WallClock.now) }, retention: { "" },
            reload: {}, quit: {})
        let keeper = Gatekeeper(try CredentialTable([]), registry: registry, log: .silent)
        let server = HTTPServer(
            options: HTTPServerOptions(listeners: [.tcp(host: "127.0.0.1", port: port)]),
            router: try Routes.router(Routes.all(needs)),
            gate: AccessGate(keeper) { .open }.gate)
        try await server.start()
        readiness.state = .ready
        while true { try await Task.sleep(for: .seconds(3600)) }
    }
}
