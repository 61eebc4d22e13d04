import Model
import Telemetry

/// The wiring: every arrow of the picture, in one file.
struct Application {
    let invocation: Invocation
    let log: Log
    let registry = MetricRegistry()

    init(invocation: Invocation, log: Log) {
        self.invocation = invocation
        self.log = log
        ProcessMetrics.register(in: registry)
    }

    /// Runs until a signal or a failure; the exit code says which.
    func run() async throws -> ExitCode {
        let signals = ProcessSignals(log: log)
        let deadline = try TimeSpan(invocation.text("stop-timeout")).duration
        let services = Services(services: try services(), deadline: deadline, log: log)
        do {
            try await services.run(until: { await signals.stopped() }) { log.info("ready") }
        } catch let failure as ServiceFailure {
            log.error("stopped by a failure", ["reason": failure.description])
            return .failure
        }
        log.info("stopped")
        return .success
    }

    /// The parts that last, in the order in which they start.
    private func services() throws -> [any Service] {
        let database = try Database(invocation, log: log)
        return [DatabaseService(database: database, log: log.module("database"))]
    }
}
