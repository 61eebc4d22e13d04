import API
import Access
import Configuration
import Glibc
import Model
import Postgres
import PromQL
import Telemetry
import Threads

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
        guard let live = await liveConfiguration() else { return .failure }
        let database = try Database(invocation, settings: await live.files.settings, log: log)
        let services = Services(
            services: try await services(live, database, signals: signals), deadline: deadline,
            log: log)
        do {
            try await services.run {
                await signals.stopped()
                readiness.state = .stopping
            } allStarted: {
                readiness.state = .ready
                log.info("ready")
                sayWhatNext(database)
            }
        } catch let failure as ServiceFailure {
            log.error("stopped by a failure", ["reason": failure.description])
            return .failure
        }
        log.info("stopped")
        return .success
    }

    /// The two things that whoever has just started Weir wants to do next.
    private func sayWhatNext(_ database: Database) {
        log.info("open the data with", ["command": database.opener])
        log.info("add a target in", ["file": wholePath(invocation.text("config.file"))])
    }

    /// What the files say, or `nil` after a word on everything that is wrong with them.
    private func liveConfiguration() async -> LiveConfiguration? {
        let reader = FileReader(
            config: invocation.text("config.file"),
            mayBeMissing: !invocation.isGiven("config.file"), settings: SettingsFile(invocation))
        do throws(UnusableFiles) {
            let files = try await reader.read()
            log.warnings(files.warnings)
            return LiveConfiguration(files, reader: reader, registry: registry, log: log)
        } catch {
            Terminal.complain(error.excerpts)
            log.error(
                "the configuration cannot be used",
                ["errors": "\(error.complaints.count)", "remedy": "correct them and start again"])
            return nil
        }
    }

    /// The parts that last, in the order in which they start.
    ///
    /// The server comes first and goes last, so that health checks are answered all the while.
    private func services(
        _ live: LiveConfiguration, _ database: Database, signals: ProcessSignals
    ) async throws -> [any Service] {
        let settings = await live.files.settings
        let web = try WebSettings(invocation, listen: settings.listen)
        let settingsFile = SettingsFile(invocation)
        let access = try AccessFiles(
            settings: { try settingsFile.access() },
            settingsFiles: settingsFile.path.map { [$0] } ?? [],
            webConfig: invocation.isGiven("web.config.file")
                ? invocation.text("web.config.file") : nil,
            listeners: web.accessListeners, registry: registry, log: log)
        await live.reload(with: access)
        let pool = PostgresPool(database.options)
        let keeping = Keeping(pool: pool, settings: settings, registry: registry, log: log)
        var needs = dependencies(
            live, retention: settings.retention, keeping: keeping,
            engine: Engine(try QueryFlags.options(invocation)), signals: signals)
        let gathering = Gathering(
            live, into: keeping.store, database: try database.readerOptions(), registry: registry,
            log: log)
        needs.jobText = { await live.text(ofJob: $0) }
        needs.admin.isEnabled = invocation.isOn("web.enable-admin-api")
        needs.admin.eraser = keeping.source as? any SeriesEraser
        if let exemplars = keeping.source as? any ExemplarSource { needs.exemplars = exemplars }
        needs.targets = TargetAccess(gathering.scraper, finder: gathering.finder)
        let receiving = ReceivingService(
            into: keeping.store, retention: settings.retention, registry: registry, log: log)
        needs.receiver = receiving.receiver
        DatabaseMetrics.register(pool, in: registry)
        let interval = try TimeSpan(invocation.text("config.auto-reload-interval")).duration
        return [
            try WebService(
                web, routes: Routes.all(needs), files: access, registry: registry, log: log),
            DatabaseService(
                database: database, pool: pool, up: DatabaseMetrics.up(in: registry),
                log: log.module("database")),
            keeping, gathering, receiving,
            ReloadService(
                configuration: live, hangups: signals.hangups,
                interval: invocation.isOn("config.auto-reload") ? interval : nil),
        ]
    }

    private func dependencies(
        _ live: LiveConfiguration, retention: TimeSpan, keeping: Keeping, engine: Engine,
        signals: ProcessSignals
    ) -> Dependencies {
        Dependencies(
            build: .init(version: Version.number, compiler: "swift" + Version.compiler),
            startTime: WallClock.now,
            flags: invocation.command.flags.map { ($0.name, shown($0)) }.sorted { $0.0 < $1.0 },
            readiness: readiness, registry: registry, source: keeping.source, head: keeping.head,
            relay: { live.relay.withLock { $0 } }, userAgent: Self.userAgent, engine: engine,
            isLifecycleEnabled: invocation.isOn("web.enable-lifecycle"),
            configText: { await live.text() }, lastReload: { live.lastReload.withLock { $0 } },
            retention: { retention.description },
            reload: { try await live.reload(because: "asked over HTTP") },
            quit: { signals.stop() })
    }

    /// What this run calls itself when it asks others.
    static let userAgent =
        "Weir/\(Version.number) (\(String(UInt64.random(in: .min ... .max), radix: 36)))"

    /// A flag's value as Prometheus shows it.
    private func shown(_ flag: Flag) -> String {
        let value = invocation.text(flag.name)
        return flag.isToggle && value.isEmpty ? "false" : value
    }
}
