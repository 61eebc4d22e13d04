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
            services: try services(signals: signals), deadline: deadline, log: log)
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
    private func services(signals: ProcessSignals) throws -> [any Service] {
        let web = try WebSettings(invocation)
        let settings = SettingsFile(invocation)
        let files = try AccessFiles(
            settings: { try settings.access() }, settingsFiles: settings.path.map { [$0] } ?? [],
            webConfig: invocation.isGiven("web.config.file")
                ? invocation.text("web.config.file") : nil,
            listeners: web.accessListeners, registry: registry, log: log)
        let routes = Routes.all(dependencies(files: files, signals: signals))
        let database = try Database(invocation, log: log)
        return [
            try WebService(web, routes: routes, files: files, registry: registry, log: log),
            DatabaseService(database: database, log: log.module("database")),
        ]
    }

    private func dependencies(files: AccessFiles, signals: ProcessSignals) -> Dependencies {
        let start = WallClock.now
        return Dependencies(
            build: .init(version: Version.number, compiler: "swift" + Version.compiler),
            startTime: start,
            flags: invocation.command.flags.map { ($0.name, shown($0)) }.sorted { $0.0 < $1.0 },
            readiness: readiness, registry: registry, source: EmptySource(),
            isLifecycleEnabled: invocation.isOn("web.enable-lifecycle"),
            configText: { throw APIError.unavailable("no configuration has been read") },
            lastReload: { .init(succeeded: true, time: start) },
            retention: { "" },
            reload: { guard files.reread() else { throw ReloadFailure() } },
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

    /// What the file and the `WEIR_…` variables say now.
    func read() -> SettingsReading { SettingsReading(path: path, environment: Self.environment) }

    /// Who may pass, as the file says now.
    func access() throws -> AccessSettings {
        let reading = read()
        guard let settings = reading.settings else {
            throw UnusableFiles(complaints: reading.errors)
        }
        return settings.access
    }

    /// The `WEIR_…` variables of this process.
    private static let environment: [String: String] = {
        var variables: [String: String] = [:]
        var next = unsafe environ
        while let text = unsafe next.pointee {
            let line = unsafe String(cString: text)
            if line.hasPrefix("WEIR_"), let sign = line.firstIndex(of: "=") {
                variables[String(line[..<sign])] = String(line[line.index(after: sign)...])
            }
            unsafe next += 1
        }
        return variables
    }()
}

/// A reload that left everything as it was; the log says why.
struct ReloadFailure: Error, CustomStringConvertible {
    var description: String { "files not used, what held before still holds; the log says why" }
}

/// A source without series, until there is something that keeps them.
struct EmptySource: SeriesSource {
    func series(
        matching matchers: [Matcher], in range: ClosedRange<Timestamp>
    ) async throws(SourceError) -> [Series] { [] }
}
