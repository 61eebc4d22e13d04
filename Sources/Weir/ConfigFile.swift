import API
import Configuration
import Glibc
import Model
import Telemetry
import Threads

/// The configuration that holds: read at the start, and again when somebody asks.
actor ConfigFile {
    private let thread = ThreadExecutor(name: "weir-config")
    nonisolated var unownedExecutor: UnownedSerialExecutor {
        // Safe: the actor holds the executor for as long as it lives.
        unsafe thread.asUnownedSerialExecutor()
    }

    private let path: String
    private let mayBeMissing: Bool
    private let log: Log
    private let outcome: Locked<Dependencies.LastReload>
    private let isSuccessful: Gauge
    private let successTime: Gauge
    private(set) var config = WeirConfig()

    /// A file that has not been read; without `--config.file` it need not be there.
    init(_ invocation: Invocation, registry: MetricRegistry, log: Log) {
        path = invocation.text("config.file")
        mayBeMissing = !invocation.isGiven("config.file")
        self.log = log.module("config")
        outcome = Locked(Dependencies.LastReload(succeeded: false, time: WallClock.now))
        isSuccessful = registry.gauge(
            "weir_config_last_reload_successful", "Whether the configuration as it is now holds.")
        successTime = registry.gauge(
            "weir_config_last_reload_success_timestamp_seconds",
            "When the configuration that holds was read.")
    }

    /// How the last reading went.
    nonisolated var lastReload: Dependencies.LastReload { outcome.withLock { $0 } }

    /// The configuration as it holds, defaults filled in, secrets hidden.
    var text: String { config.yaml }

    /// Reads the file; where it throws, what held before keeps on holding.
    func load() throws {
        if mayBeMissing, unsafe access(path, F_OK) != 0 {
            log.warn("there is no configuration, nothing will be scraped", ["file": path])
            return note(succeeded: true)
        }
        do {
            let loaded = try ConfigLoader.load(path)
            for warning in loaded.warnings {
                log.warn("configuration", ["warning": "\(warning)"])
            }
            config = loaded.config
            note(succeeded: true)
        } catch {
            note(succeeded: false)
            throw error
        }
    }

    private func note(succeeded: Bool) {
        let now = WallClock.now
        outcome.withLock { last in
            last.succeeded = succeeded
            if succeeded { last.time = now }
        }
        isSuccessful.set(succeeded ? 1 : 0)
        if succeeded { successTime.set(Double(now.milliseconds) / 1000) }
    }
}

/// Reads all files again, and lets them hold or leaves all as it was.
struct Reload: Sendable {
    let config: ConfigFile
    let access: @Sendable () -> Bool
    let log: Log

    func run() async throws {
        do { try await config.load() } catch {
            log.error("configuration not used, the one before still holds", ["error": "\(error)"])
            throw error
        }
        guard access() else { throw ReloadFailure() }
        log.info("configuration read again")
    }
}

/// Reads all files again at each SIGHUP.
struct ReloadService: Service {
    let name = "reload"
    let hangups: AsyncStream<Void>
    let reload: Reload

    func run(started: @escaping @Sendable () -> Void) async throws {
        started()
        // The log has said why one failed.
        for await _ in hangups { try? await reload.run() }
    }
}

/// A reload that left everything as it was; the log says why.
struct ReloadFailure: Error, CustomStringConvertible {
    var description: String { "files not used, what held before still holds; the log says why" }
}
