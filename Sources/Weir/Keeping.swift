import Head
import Model
import Postgres
import Storage
import Telemetry

/// What keeps samples: memory for the last hours, PostgreSQL for all of them.
struct Keeping: Service {
    let name = "keeping"
    /// The last hours, and where samples go.
    let head: Head
    /// Everything, new and old.
    let source: LayeredSource
    private let writer: TickWriter

    /// How far back memory reaches.
    private static let span = TimeSpan.hours(3)

    init(pool: PostgresPool, registry: MetricRegistry, log: Log) {
        writer = TickWriter(pool: pool, registry: registry, log: log)
        head = Head(span: Self.span, registry: registry, log: writer)
        source = LayeredSource(
            head: head, history: History(pool: pool), begins: WallClock.now)
    }

    func run(started: @escaping @Sendable () -> Void) async throws {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await writer.run() }
            group.addTask { await head.run() }
            started()
        }
    }
}
