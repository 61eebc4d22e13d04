/// A format in which metrics are told.
public enum ExpositionFormat: String, Sendable, Hashable, CaseIterable {
    /// The classic text format.
    case text004 = "PrometheusText0.0.4"
    /// The classic text format, with names of any characters in quotes.
    case text100 = "PrometheusText1.0.0"
    /// The first text of OpenMetrics.
    case openMetrics001 = "OpenMetricsText0.0.1"
    /// OpenMetrics.
    case openMetrics100 = "OpenMetricsText1.0.0"
    /// `io.prometheus.client.MetricFamily` messages, each after its length.
    case protobuf = "PrometheusProto"

    /// Whether its lines follow OpenMetrics: seconds, exemplars, `# EOF`.
    public var isOpenMetrics: Bool { self == .openMetrics001 || self == .openMetrics100 }

    /// The `Content-Type` of a body in this format.
    public func contentType(escaping: NameEscaping = .allowUTF8) -> String {
        switch self {
        case .text004: "text/plain; version=0.0.4; charset=utf-8"
        case .text100: "text/plain; version=1.0.0; charset=utf-8; escaping=\(escaping.rawValue)"
        case .openMetrics001: "application/openmetrics-text; version=0.0.1; charset=utf-8"
        case .openMetrics100:
            "application/openmetrics-text; version=1.0.0; charset=utf-8; "
                + "escaping=\(escaping.rawValue)"
        case .protobuf:
            "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; "
                + "encoding=delimited"
        }
    }
}

/// How strictly a body is read.
public enum ExpositionRules: Sendable, Hashable {
    /// What Prometheus scrapes without an error.
    case asPrometheus
    /// The whole of the format's specification, as `weir check metrics` holds a body to it.
    case strict
}

/// What becomes of a scrape with a line that cannot be read.
public enum ParseErrorMode: String, Sendable, Hashable, CaseIterable {
    /// The whole scrape fails, as in Prometheus.
    case fail
    /// The line is left out, and counted.
    case skipLine = "skip_line"
    /// The line and the rest of its metric family are left out, and counted.
    case skipFamily = "skip_family"
}

/// How a body is to be read.
public struct ParserOptions: Sendable, Hashable {
    /// How strictly.
    public var rules: ExpositionRules = .asPrometheus
    /// What becomes of a line that cannot be read.
    public var parseErrors: ParseErrorMode = .fail
    /// The most bytes that one line, or one binary metric, may have.
    public var lineLimit = 1 << 20
    /// Whether a histogram that is both classic and native yields its classic buckets too.
    public var keepsClassicHistograms = false
    /// Whether classic histograms become native ones whose buckets end where theirs did; with
    /// `keepsClassicHistograms` they come beside them.
    public var convertsClassicHistograms = false
    /// Whether native histograms are read at all; if not, they are read as classic ones.
    public var readsNativeHistograms = true

    /// What Prometheus does by default.
    public init() {}
}
