public import Telemetry
import Threads

/// Whether Weir is starting, ready or stopping; health checks and the gate before routes read it.
public final class Readiness: Sendable {
    /// Where Weir is in its life.
    public enum State: Sendable {
        /// Not everything works yet.
        case starting
        /// Everything works.
        case ready
        /// Weir was told to stop.
        case stopping
    }

    private let now = Locked(State.starting)
    private let gauge: Gauge

    /// Weir is starting.
    public init(registry: MetricRegistry) {
        gauge = registry.gauge("weir_ready", "Whether Weir answers every route.")
    }

    /// Where Weir is now.
    public var state: State {
        get { now.withLock { $0 } }
        set {
            now.withLock { $0 = newValue }
            gauge.set(newValue == .ready ? 1 : 0)
        }
    }
}
