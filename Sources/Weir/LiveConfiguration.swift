import API
import Access
import Configuration
import Model
import Relay
import Telemetry
import Threads
import YAML

/// The files as they were read last: one value, all of it checked.
struct ReadFiles: Sendable {
    let loaded: LoadedConfig
    let settings: Settings
    /// Other than before whenever one of the files is.
    let checksum: UInt64
    /// What is worth knowing of either.
    let warnings: [YAMLComplaint]
}

/// Everything that is wrong with the files, each complaint with its line and a caret.
struct UnusableFiles: Error, CustomStringConvertible {
    let complaints: [YAMLComplaint]
    var description: String { complaints.map(\.description).joined(separator: "\n") }
    /// The same with the lines of the files, for a terminal.
    var excerpts: String { complaints.map(\.excerpt).joined(separator: "\n") }
}

/// Reads `prometheus.yml` and `weir.yml`, on a thread of its own, as files may be slow.
actor FileReader {
    private let thread = ThreadExecutor(name: "weir-files")
    nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe thread.asUnownedSerialExecutor()
    }
    private let config: String
    private let mayBeMissing: Bool
    private let settings: SettingsFile

    init(config: String, mayBeMissing: Bool, settings: SettingsFile) {
        self.config = config
        self.mayBeMissing = mayBeMissing
        self.settings = settings
    }

    /// Both files, or everything that is wrong with either of them.
    func read() throws(UnusableFiles) -> ReadFiles {
        // Before reading: what changes in between is seen as a change afterwards.
        let checksum = self.settings.checksum()
        let settings = self.settings.read()
        var complaints = settings.errors
        var loaded: LoadedConfig?
        do {
            loaded = try ConfigLoader.load(config, mayBeMissing: mayBeMissing)
        } catch {
            complaints = error.complaints.filter { $0.severity == .error } + complaints
        }
        guard let loaded, let values = settings.settings, complaints.isEmpty else {
            throw UnusableFiles(complaints: complaints)
        }
        return ReadFiles(
            loaded: loaded, settings: values, checksum: Self.joined(loaded.checksum, checksum),
            warnings: loaded.warnings + settings.warnings)
    }

    /// What the checksum of `files` would be now.
    func checksum(of files: ReadFiles) -> UInt64 {
        Self.joined(ConfigLoader.currentChecksum(of: files.loaded), settings.checksum())
    }

    private static func joined(_ config: UInt64, _ settings: UInt64) -> UInt64 {
        config &+ settings &* 31
    }
}

/// The configuration that holds now, and the one way to change it: all of it, or nothing.
actor LiveConfiguration {
    /// What `prometheus.yml` and `weir.yml` say, as far as they hold now.
    private(set) var files: ReadFiles
    /// How the last reading went, for whoever may not wait.
    nonisolated let lastReload: Locked<Dependencies.LastReload>

    /// How the newest samples are shown, as the files say now.
    nonisolated let relay: Locked<RelayOptions>

    private let reader: FileReader
    private var access: AccessFiles?
    private var follower: (@Sendable (ReadFiles) async -> Void)?
    private let log: Log
    private let succeeded: [Gauge]
    private let times: [Gauge]

    init(
        _ files: ReadFiles, reader: FileReader, registry: MetricRegistry, log: Log
    ) {
        self.files = files
        relay = Locked(RelayOptions(files))
        self.reader = reader
        self.log = log
        let families = ["prometheus_config", "weir_config"]
        succeeded = families.map {
            registry.gauge(
                "\($0)_last_reload_successful", "Whether the files that were read last hold now.")
        }
        times = families.map {
            registry.gauge(
                "\($0)_last_reload_success_timestamp_seconds",
                "When the files that hold now were read, since 1970.")
        }
        let now = WallClock.now
        lastReload = Locked(Dependencies.LastReload(succeeded: true, time: now))
        for gauge in succeeded { gauge.set(1) }
        for gauge in times { gauge.set(Double(now.milliseconds) / 1000) }
    }

    /// From now on a reload reads these too.
    func reload(with access: AccessFiles) { self.access = access }

    /// Tells `follower` the files that hold now, and every time that others do.
    func follow(_ follower: @escaping @Sendable (ReadFiles) async -> Void) async {
        self.follower = follower
        await follower(files)
    }

    /// The configuration as `/api/v1/status/config` shows it: defaults filled in, secrets hidden.
    func text() -> String { files.loaded.config.yaml }

    /// One job of it; `nil` where there is none of that name.
    func text(ofJob name: String) -> String? { files.loaded.config[job: name]?.yaml }

    /// The checksum of the files on the disk, where it is not that of those that hold.
    func changedChecksum() async -> UInt64? {
        let now = await reader.checksum(of: files)
        return now == files.checksum ? nil : now
    }

    /// Reads all files; takes them if every one is right, and else throws with all that is wrong.
    func reload(because reason: String) async throws {
        log.info("reading the configuration", ["because": reason])
        do {
            let new = try await reader.read()
            guard access?.reread() ?? true else { throw RefusedAccessFiles() }
            log.changes(from: files.loaded.config, to: new.loaded.config)
            log.changes(from: files.settings, to: new.settings)
            log.warnings(new.warnings)
            files = new
            relay.withLock { $0 = RelayOptions(new) }
            await follower?(new)
            note(succeeded: true)
        } catch {
            log.error(
                "configuration not taken, the old one holds",
                ["because": reason, "errors": "\(error)"])
            note(succeeded: false)
            throw error
        }
    }

    private func note(succeeded: Bool) {
        let now = WallClock.now
        for gauge in self.succeeded { gauge.set(succeeded ? 1 : 0) }
        lastReload.withLock { last in
            last.succeeded = succeeded
            if succeeded { last.time = now }
            last.failed = succeeded ? nil : now
        }
        guard succeeded else { return }
        for gauge in times { gauge.set(Double(now.milliseconds) / 1000) }
    }
}

extension RelayOptions {
    /// What `federation` of weir.yml says.
    fileprivate init(_ files: ReadFiles) {
        self.init()
        let federation = files.settings.federation
        timestamps = federation.timestamps
        maximumAge = federation.maxAge
        dropsInfinite = federation.dropInfinite
        ownPrefix = federation.ownPrefix
        federatedLabels = files.loaded.config.global.externalLabels
        if federation.externalLabels { externalLabels = federatedLabels }
    }
}

/// The web configuration or the credentials are wrong; the log has said how.
struct RefusedAccessFiles: Error, CustomStringConvertible {
    var description: String {
        "the web configuration or the credentials cannot be used; the log says why"
    }
}

/// Reads the files again on SIGHUP, and with `--config.auto-reload` whenever they change.
struct ReloadService: Service {
    let name = "reload"
    let configuration: LiveConfiguration
    let hangups: AsyncStream<Void>
    /// How often to look; `nil` for never.
    let interval: Duration?

    func run(started: @escaping @Sendable () -> Void) async throws {
        started()
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                for await _ in hangups {
                    // The log has the reason, and the old configuration holds.
                    try? await configuration.reload(because: "SIGHUP")
                }
            }
            if let interval {
                group.addTask { await watch(every: interval) }
            }
        }
    }

    private func watch(every interval: Duration) async {
        // Files that were refused are not tried again until they change once more.
        var refused: UInt64?
        while !Task.isCancelled {
            // Ends by being cancelled, which is how a service stops.
            try? await Task.sleep(for: interval)
            guard !Task.isCancelled else { return }
            guard let now = await configuration.changedChecksum(), now != refused else { continue }
            refused = now
            // The log has the reason, and the old configuration holds.
            try? await configuration.reload(because: "the files changed")
        }
    }
}

extension Log {
    /// One line for each job and field that a reload changes; secrets are not shown.
    fileprivate func changes(from old: WeirConfig, to new: WeirConfig) {
        let diff = ConfigDiff(from: old, to: new)
        info(
            "configuration taken",
            [
                "added": "\(diff.addedJobs.count)", "removed": "\(diff.removedJobs.count)",
                "changed": "\(diff.changedJobs.count)", "unchanged": "\(diff.unchangedJobs)",
            ])
        for line in diff.lines { info("configuration changed", ["change": line]) }
    }

    /// One line for each setting that a reload changes.
    fileprivate func changes(from old: Settings, to new: Settings) {
        for line in new.changes(since: old) {
            info("settings changed", ["change": line, "effect": "at the next start"])
        }
    }

    /// What is worth knowing of files that can be used.
    func warnings(_ complaints: [YAMLComplaint]) {
        for complaint in complaints where complaint.severity == .warning {
            warn("configuration", ["warning": complaint.description])
        }
    }
}
