import Glibc
import Telemetry
import Threads

/// What an operator tells Weir by signals: stop, stop at once, read your files again.
struct ProcessSignals: Sendable {
    /// One element for every SIGHUP.
    let hangups: AsyncStream<Void>
    private let stops: AsyncStream<Void>
    private let stopper: AsyncStream<Void>.Continuation

    /// Begins to listen; a second SIGTERM or SIGINT ends the process at once.
    init(log: Log) {
        let signals = Signals.stream(of: [SIGTERM, SIGINT, SIGHUP])
        let (hangups, hangup) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        let (stops, stop) = AsyncStream<Void>.makeStream()
        self.hangups = hangups
        self.stops = stops
        stopper = stop
        Task {
            var isStopping = false
            for await number in signals {
                if number == SIGHUP {
                    hangup.yield()
                    continue
                }
                let name = number == SIGTERM ? "SIGTERM" : "SIGINT"
                guard !isStopping else {
                    log.warn("stopped at once", ["signal": name])
                    exit(ExitCode.failure.rawValue)
                }
                isStopping = true
                log.info("stopping", ["signal": name])
                stop.yield()
            }
        }
    }

    /// Asks Weir to stop, as SIGTERM does.
    func stop() { stopper.yield() }

    /// Returns once Weir has been asked to stop.
    func stopped() async {
        var iterator = stops.makeAsyncIterator()
        await iterator.next()
    }
}
