// Receiving: what others send. In: bodies of remote write, 1.0 and 2.0. Out: batches (`SampleSink`).
// Start at `Receiver`. Knows no HTTP: who serves says what a body is and tells what came of it.
// Imports: Compression, Exposition, Model, Telemetry, Threads.

/// Why what was sent is not kept, or not all of it.
public enum ReceiveError: Error, Equatable, CustomStringConvertible {
    /// The body cannot be read; nothing of it is kept.
    case unreadable(reason: String)
    /// Some of it may not be kept: the same would be said again.
    case refused(reasons: [String])
    /// It cannot be kept now: the sender may try again.
    case unavailable(reason: String)

    /// A sentence: what is wrong.
    public var description: String {
        switch self {
        case .unreadable(let reason): "cannot read what was sent: \(reason)"
        case .refused(let reasons): reasons.joined(separator: "\n")
        case .unavailable(let reason): reason
        }
    }
}

/// Which message of remote write a body is.
public enum WriteMessage: String, Sendable, Hashable {
    /// `prometheus.WriteRequest`, of remote write 1.0.
    case first = "prometheus.WriteRequest"
    /// `io.prometheus.write.v2.Request`, of remote write 2.0.
    case second = "io.prometheus.write.v2.Request"
}

/// How much of a body is kept.
public struct Written: Sendable, Hashable {
    /// Plain samples.
    public var samples = 0
    /// Native histograms.
    public var histograms = 0
    /// Exemplars.
    public var exemplars = 0
    /// What could not be kept, where the rest was.
    public var refusals: [String] = []

    /// Nothing yet.
    public init() {}
}
