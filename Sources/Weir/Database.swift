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
    /// Where Weir's own cluster lies.
    var folder: String? { cluster?.dataFolder }
    /// What to type to look into it.
    let opener: String

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
            opener = Self.opener(invocation)
        } else {
            let path = folder.hasSuffix("/") ? folder + "postgres" : folder + "/postgres"
            let cluster = try PrivateCluster(path, log: log)
            options = try cluster.options()
            self.cluster = cluster
            opener = "weir psql " + shellWord("--storage.tsdb.path=" + cluster.dataFolder)
        }
    }

    /// Names where the connection string comes from and not the string, which may hold a password.
    private static func opener(_ invocation: Invocation) -> String {
        if invocation.isGiven("database") { return "weir psql --database=…" }
        guard let file = SettingsFile(invocation).path else { return "weir psql" }
        return "weir psql " + shellWord("--settings=" + wholePath(file))
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

/// A server that Weir cannot use as it is, and what to change.
struct UnusableServer: Error, CustomStringConvertible {
    let obstacles: [String]
    var description: String { obstacles.joined(separator: "; ") }
}
