import Glibc
import Model
public import Telemetry
import Threads

/// Who may pass, read from files and read again when they change.
///
/// What cannot be used is logged, and what held before keeps on holding.
public final class AccessFiles: Sendable {
    /// What the files say now.
    public struct State: Sendable {
        /// Whom addresses let in.
        public let rule: AccessRule
        /// The web configuration; without a file, one that asks for nothing.
        public let web: WebConfig
    }

    /// An address that Weir listens on.
    public struct Listener: Sendable {
        let host: String?
        let text: String

        /// - Parameters:
        ///   - host: What stands before the port, empty for every address; `nil` for a unix socket.
        ///   - text: The address as it was given.
        public init(host: String?, text: String) {
            self.host = host
            self.text = text
        }
    }

    /// Reads Weir's own settings.
    public typealias SettingsReader = @Sendable () throws -> AccessSettings

    private struct Reading {
        let state: State
        let table: CredentialTable
        let stamps: FileStamps
        let files: [String]
    }

    /// Who decides, by what the files say now.
    public let keeper: Gatekeeper

    private let settings: SettingsReader
    private let settingsFiles: [String]
    private let webConfigPath: String?
    private let listeners: [Listener]
    private let current: Locked<Reading>
    private let isSuccessful: Gauge
    private let successTime: Gauge
    private let log: Log

    /// Reads the files for the first time; throws where they cannot be used, and where a listener
    /// would be open to others without anybody having said so.
    public init(
        settings: @escaping SettingsReader, settingsFiles: [String], webConfig: String?,
        listeners: [Listener], registry: MetricRegistry, log: Log
    ) throws {
        self.settings = settings
        self.settingsFiles = settingsFiles
        self.listeners = listeners
        self.log = log.module("access")
        webConfigPath = webConfig
        isSuccessful = registry.gauge(
            "weir_access_reload_successful",
            "Whether the files that say who may pass hold as they were read last.")
        successTime = registry.gauge(
            "weir_access_reload_success_timestamp_seconds", "When the ones that hold were read.")
        let reading = try Self.read(
            settings, settingsFiles, webConfig: webConfig, listeners: listeners)
        keeper = Gatekeeper(reading.table, registry: registry, log: log)
        current = Locked(reading)
        noteSuccess()
    }

    /// What the files say now.
    public var state: State { current.withLock { $0.state } }

    /// Whom an address lets in now.
    public func access(isLoopback: Bool) -> ListenerAccess {
        switch state.rule {
        case .none: .open
        case .always: .guarded
        case .byAddress: isLoopback ? .open : .guarded
        }
    }

    /// Reads the files again if one of them has changed; whether what they say holds now.
    @discardableResult
    public func rereadIfChanged() -> Bool {
        let (files, stamps) = current.withLock { ($0.files, $0.stamps) }
        guard FileStamps(files) != stamps else { return false }
        return reread()
    }

    /// Reads the files again; whether what they say holds now.
    @discardableResult
    public func reread() -> Bool {
        let (files, stamps) = current.withLock { reading in
            (reading.files, FileStamps(reading.files))
        }
        do {
            let reading = try Self.read(
                settings, settingsFiles, webConfig: webConfigPath, listeners: listeners)
            keeper.replace(reading.table)
            current.withLock { $0 = reading }
            noteSuccess()
            log.info("files read again", ["credentials": "\(reading.table.credentials.count)"])
            return true
        } catch {
            // Told once per change: these stamps are the ones that failed.
            current.withLock {
                $0 = Reading(state: $0.state, table: $0.table, stamps: stamps, files: files)
            }
            isSuccessful.set(0)
            log.error("files not used, what held before still holds", ["error": "\(error)"])
            return false
        }
    }

    /// Looks every `interval` whether a file has changed, until the task is cancelled.
    ///
    /// `changed` is told when what the files say has changed.
    public func run(
        every interval: Duration = .seconds(5), changed: @Sendable (State) async -> Void
    ) async {
        while !Task.isCancelled {
            // Cancelled while it slept: the loop ends, nothing is lost.
            try? await Task.sleep(for: interval)
            if !Task.isCancelled, rereadIfChanged() { await changed(state) }
        }
    }

    private func noteSuccess() {
        isSuccessful.set(1)
        successTime.set(Double(WallClock.now.milliseconds) / 1000)
    }

    private static func read(
        _ settings: SettingsReader, _ settingsFiles: [String], webConfig: String?,
        listeners: [Listener]
    ) throws -> Reading {
        // Before reading: a change while it is read shows as one next time.
        let known = settingsFiles + (webConfig.map { [$0] } ?? [])
        let before = FileStamps(known)
        let rows = try settings()
        let web = try webConfig.map { path throws(AccessError) in try WebConfig(file: path) }
        let users = web?.users ?? []
        guard rows.rule != .none || users.isEmpty else { throw AccessError.openWithUsers }
        // As Prometheus has it: where there are users, they are asked for on every address.
        let rule = rows.rule == .byAddress && !users.isEmpty ? .always : rows.rule
        let table = try rows.table(users: users)
        for listener in listeners {
            _ = try rule.access(
                host: listener.host, listener: listener.text, hasCredentials: !table.isEmpty)
        }
        let others = rows.files + (web?.files ?? [])
        return Reading(
            state: State(rule: rule, web: web ?? WebConfig()), table: table,
            stamps: before.joined(with: FileStamps(others)), files: known + others)
    }
}
