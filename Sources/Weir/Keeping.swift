import Configuration
import Head
import Model
import Postgres
import Storage
import Telemetry

/// What keeps samples: memory for the last hours, PostgreSQL for all of them.
struct Keeping: Service {
    let name = "keeping"
    /// Where samples go, and where they are read.
    let store: Store
    /// The last hours.
    var head: Head { store.head }
    /// Everything, new and old.
    var source: any SeriesSource { store }

    init(pool: PostgresPool, settings: Settings, registry: MetricRegistry, log: Log) {
        store = Store(pool: pool, options: Self.options(settings), registry: registry, log: log)
    }

    private static func options(_ settings: Settings) -> StoreOptions {
        var options = StoreOptions()
        options.retention = settings.retention == .zero ? nil : settings.retention
        let size = settings.retentionSize.bytes
        options.retentionBytes = size == 0 ? nil : Int(size)
        options.retentionRules = settings.retentionRules.map {
            RetentionRule($0.match, keep: $0.keep)
        }
        options.rollups = settings.rollups.map {
            RollupRule($0.match, every: $0.every, keep: $0.keep)
        }
        return options
    }

    func run(started: @escaping @Sendable () -> Void) async throws {
        async let working: Void = store.run()
        started()
        await working
    }
}
