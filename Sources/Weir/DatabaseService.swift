import Migrations
import Postgres
import PrivatePostgres
import Telemetry

/// The database as a part of `weir run`: started or found, checked, migrated, watched.
struct DatabaseService: Service {
    let name = "database"
    let database: Database
    let pool: PostgresPool
    /// Whether the database answers.
    let up: Gauge
    let log: Log

    func run(started: @escaping @Sendable () -> Void) async throws {
        guard let cluster = database.cluster else { return try await useServer(started) }
        do {
            try await cluster.start()
            try await migrate()
        } catch {
            await cluster.stop()
            throw error
        }
        started()
        async let asking: Void = keepAsking()
        await cluster.watch()
        await asking
        await pool.close()
        await cluster.stop()
    }

    /// Weir starts without its server if that is away: what is scraped waits for it.
    private func useServer(_ started: @escaping @Sendable () -> Void) async throws {
        var isStarted = false
        while !Task.isCancelled {
            do throws(PostgresError) {
                try await pool.waitUntilReachable(for: .seconds(10))
                break
            } catch {
                guard error.isTransient else { throw error }
                log.warn(
                    "the database is away, starting without it",
                    ["server": database.options.server, "error": error.description])
                if !isStarted { started() }
                isStarted = true
            }
        }
        if Task.isCancelled { return }
        let check = try await ServerCheck.run(database.options)
        if !check.obstacles.isEmpty { throw UnusableServer(obstacles: check.obstacles) }
        for advice in check.advice { log.info("advice on the database", ["advice": advice]) }
        try await migrate()
        if !isStarted { started() }
        await keepAsking()
        await pool.close()
    }

    /// Asks now and then whether the database answers, until it is cancelled.
    private func keepAsking() async {
        var wasUp = true
        while !Task.isCancelled {
            do throws(PostgresError) {
                try await pool.run { connection throws(PostgresError) in
                    try connection.run("SELECT 1")
                }
                up.set(1)
                if !wasUp { log.info("the database answers again") }
                wasUp = true
            } catch {
                if Task.isCancelled { return }
                up.set(0)
                if wasUp {
                    log.warn("the database does not answer", ["error": error.description])
                }
                wasUp = false
            }
            // Cut short only by the end of this task, which the loop looks at.
            try? await Task.sleep(for: wasUp ? .seconds(15) : .seconds(1))
        }
    }

    private func migrate() async throws {
        let log = log
        let report = try await Migrator().migrate(database.options) { progress in
            switch progress {
            case .began(let migration, _): log.info("migrating", ["file": migration.file])
            case .says(let migration, let text):
                log.info("migrating", ["file": migration.file, "says": text])
            case .ended(let migration, let time):
                log.info("migrated", ["file": migration.file, "after": "\(time)"])
            }
        }
        log.info(
            "database ready",
            ["server": report.server, "migration": "\(report.version)"])
    }
}
