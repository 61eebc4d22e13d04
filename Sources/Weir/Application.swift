import Glibc
import Model
import Telemetry
import Threads

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
        let stop = StopSignals(log: log)
        let deadline = try TimeSpan(invocation.text("stop-timeout")).duration
        let services = Services(services: try services(), deadline: deadline, log: log)
        do {
            try await services.run(until: { await stop.wait() }) { log.info("ready") }
        } catch let failure as ServiceFailure {
            log.error("stopped by a failure", ["reason": failure.description])
            return .failure
        }
        log.info("stopped")
        return .success
    }

    /// The parts that last, in the order in which they start.
    private func services() throws -> [any Service] { [] }
}

/// SIGTERM and SIGINT: the first asks Weir to stop, the second ends it at once.
struct StopSignals: Sendable {
    private let asked = AsyncStream<Void>.makeStream()

    /// Begins to listen.
    init(log: Log) {
        let signals = Signals.stream(of: [SIGTERM, SIGINT])
        let continuation = asked.continuation
        Task {
            var isStopping = false
            for await number in signals {
                let name = number == SIGTERM ? "SIGTERM" : "SIGINT"
                guard !isStopping else {
                    log.warn("stopped at once", ["signal": name])
                    exit(ExitCode.failure.rawValue)
                }
                isStopping = true
                log.info("stopping", ["signal": name])
                continuation.yield()
            }
        }
    }

    /// Returns once Weir has been asked to stop.
    func wait() async {
        var iterator = asked.stream.makeAsyncIterator()
        await iterator.next()
    }
}
