/// How much a log line matters.
public enum LogLevel: String, Sendable, CaseIterable, Comparable {
    /// Per scrape and per query.
    case debug
    /// Starts, stops and reloads.
    case info
    /// Weir helped itself, but something is lost.
    case warn
    /// A person has to act.
    case error

    /// Whether `left` matters less.
    public static func < (left: LogLevel, right: LogLevel) -> Bool { left.rank < right.rank }

    private var rank: Int {
        switch self {
        case .debug: 0
        case .info: 1
        case .warn: 2
        case .error: 3
        }
    }
}

/// How a log line is written.
public enum LogFormat: String, Sendable, CaseIterable {
    /// `ts=… level=… msg=…`
    case logfmt
    /// One JSON object a line.
    case json
}
