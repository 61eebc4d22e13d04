import Configuration
import Migrations
import Postgres
import PrivatePostgres
import Telemetry

/// The database that a command line means: a server that it names, or Weir's own.
struct Database: Sendable {
    /// How to reach it, once it runs.
    let options: PostgresOptions
    /// The private cluster, if it is Weir's own.
    let cluster: PrivateCluster?

    /// Flags that every command has which needs the database.
    static let flags = [
        Flag(
            "database", .text, "URL",
            "The PostgreSQL server to use instead of Weir's own; WEIR_DATABASE names it unseen."),
        Flag(
            "settings", .text, "FILE", isCommon: true,
            "Weir's own settings, which may name a server; weir.yml here where there is one."),
        Flag(
            "storage.tsdb.path", .text, "FOLDER", standard: "data/", isCommon: true,
            "The data folder: Weir's own PostgreSQL lives there."),
    ]

    /// The database of a command that runs by itself: it reads the settings for it.
    init(_ invocation: Invocation, log: Log) throws {
        try self.init(invocation, settings: SettingsFile(invocation).settings(), log: log)
    }

    /// Throws what is wrong with the connection string, or with the user that Weir runs as.
    init(_ invocation: Invocation, settings: Settings, log: Log) throws {
        let folder = invocation.text("storage.tsdb.path")
        let given = invocation.isGiven("database") ? invocation.text("database") : settings.database
        if !given.isEmpty {
            options = try PostgresOptions(given)
            cluster = nil
        } else {
            let path = folder.hasSuffix("/") ? folder + "postgres" : folder + "/postgres"
            let cluster = try PrivateCluster(path, log: log)
            options = try cluster.options()
            self.cluster = cluster
        }
    }

    /// How to reach it as somebody who cannot write.
    func readerOptions() throws -> PostgresOptions {
        try cluster.map { cluster in try cluster.options(asReader: true) } ?? options
    }

    /// Runs `body` while the database runs: in another Weir, by itself, or started for it.
    func whileRunning<Value>(_ body: () async throws -> Value) async throws -> Value {
        guard let cluster, !cluster.isRunning else { return try await body() }
        try await cluster.start()
        do {
            let value = try await body()
            await cluster.stop()
            return value
        } catch {
            await cluster.stop()
            throw error
        }
    }
}

/// The database as a part of `weir run`: started or found, checked, migrated, watched.
struct DatabaseService: Service {
    let name = "database"
    let database: Database
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
        await cluster.watch()
        await cluster.stop()
    }

    /// Weir starts without its server if that is away: what is scraped waits for it.
    private func useServer(_ started: @escaping @Sendable () -> Void) async throws {
        let pool = PostgresPool(database.options, size: 1)
        var isStarted = false
        while !Task.isCancelled {
            do throws(PostgresError) {
                try await pool.waitUntilReachable(for: .seconds(10))
                await pool.close()
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
        // Ends by being cancelled, which is no fault.
        while !Task.isCancelled { try? await Task.sleep(for: .seconds(3600)) }
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

/// A server that Weir cannot use as it is, and what to change.
struct UnusableServer: Error, CustomStringConvertible {
    let obstacles: [String]
    var description: String { obstacles.joined(separator: "; ") }
}
