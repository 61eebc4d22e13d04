import API
import Access
import Configuration
import Glibc
import Model
import Telemetry

/// The wiring: every arrow of the picture, in one file.
struct Application {
    let invocation: Invocation
    let log: Log
    let registry = MetricRegistry()
    private let readiness: Readiness

    init(invocation: Invocation, log: Log) {
        self.invocation = invocation
        self.log = log
        readiness = Readiness(registry: registry)
        ProcessMetrics.register(in: registry)
    }

    /// Runs until a signal or a failure; the exit code says which.
    func run() async throws -> ExitCode {
        let signals = ProcessSignals(log: log)
        let deadline = try TimeSpan(invocation.text("stop-timeout")).duration
        let services = Services(
            services: try await services(signals: signals), deadline: deadline, log: log)
        do {
            try await services.run {
                await signals.stopped()
                readiness.state = .stopping
            } allStarted: {
                readiness.state = .ready
                log.info("ready")
            }
        } catch let failure as ServiceFailure {
            log.error("stopped by a failure", ["reason": failure.description])
            return .failure
        }
        log.info("stopped")
        return .success
    }

    /// The parts that last, in the order in which they start.
    ///
    /// The server comes first and goes last, so that health checks are answered all the while.
    private func services(signals: ProcessSignals) async throws -> [any Service] {
        let web = try WebSettings(invocation)
        let settings = SettingsFile(invocation)
        let files = try AccessFiles(
            settings: { try settings.access() }, settingsFiles: settings.path.map { [$0] } ?? [],
            webConfig: invocation.isGiven("web.config.file")
                ? invocation.text("web.config.file") : nil,
            listeners: web.accessListeners, registry: registry, log: log)
        let config = ConfigFile(invocation, registry: registry, log: log)
        try await config.load()
        let reload = Reload(config: config, access: { files.reread() }, log: log)
        let needs = dependencies(
            config: config, retention: try settings.read().retention, signals: signals,
            reload: reload)
        let routes = Routes.all(needs)
        let database = try Database(invocation, log: log)
        return [
            try WebService(web, routes: routes, files: files, registry: registry, log: log),
            DatabaseService(database: database, log: log.module("database")),
            ReloadService(hangups: signals.hangups, reload: reload),
        ]
    }

    private func dependencies(
        config: ConfigFile, retention: TimeSpan, signals: ProcessSignals, reload: Reload
    ) -> Dependencies {
        Dependencies(
            build: .init(version: Version.number, compiler: "swift" + Version.compiler),
            startTime: WallClock.now,
            flags: invocation.command.flags.map { ($0.name, shown($0)) }.sorted { $0.0 < $1.0 },
            readiness: readiness, registry: registry, source: EmptySource(),
            isLifecycleEnabled: invocation.isOn("web.enable-lifecycle"),
            configText: { await config.text }, lastReload: { config.lastReload },
            retention: { retention.description }, reload: { try await reload.run() },
            quit: { signals.stop() })
    }

    /// A flag's value as Prometheus shows it.
    private func shown(_ flag: Flag) -> String {
        let value = invocation.text(flag.name)
        return flag.isToggle && value.isEmpty ? "false" : value
    }
}

/// Where Weir's own settings are.
struct SettingsFile: Sendable {
    /// The file, where there is one.
    let path: String?

    /// The one given, or `weir.yml` beside the configuration.
    init(_ invocation: Invocation) {
        guard !invocation.isGiven("settings") else {
            path = invocation.text("settings")
            return
        }
        let config = invocation.text("config.file")
        let folder = config.lastIndex(of: "/").map { String(config[...$0]) } ?? ""
        path = unsafe Glibc.access(folder + "weir.yml", F_OK) == 0 ? folder + "weir.yml" : nil
    }

    /// Who may pass, as the file says now.
    func access() throws -> AccessSettings { try read().access }

    /// All settings, as the file says now.
    func read() throws -> Settings {
        let reading = SettingsReading(path: path)
        guard let settings = reading.settings else {
            throw SettingsRefused(errors: reading.errors.map { "\($0)" })
        }
        return settings
    }
}

/// Settings that cannot be used: everything that is wrong, each in a line.
struct SettingsRefused: Error, CustomStringConvertible {
    let errors: [String]
    var description: String { errors.joined(separator: "\n") }
}

/// A source without series, until there is something that keeps them.
struct EmptySource: SeriesSource {
    func series(
        matching matchers: [Matcher], in range: ClosedRange<Timestamp>
    ) async throws(SourceError) -> [Series] { [] }
}
