/// Which names a label or a metric may have.
public enum NameScheme: String, Sendable, Hashable {
    /// Any text that is not empty: Prometheus 3's default.
    case utf8
    /// ASCII letters, digits and `_`, with `:` in metric names; not beginning with a digit.
    case legacy

    /// Whether `name` may name a label.
    public func allows(labelName name: String) -> Bool {
        switch self {
        case .utf8: !name.isEmpty
        case .legacy: Self.isLegacy(name, colons: false)
        }
    }

    /// Whether `name` may name a metric.
    public func allows(metricName name: String) -> Bool {
        switch self {
        case .utf8: !name.isEmpty
        case .legacy: Self.isLegacy(name, colons: true)
        }
    }

    private static func isLegacy(_ name: String, colons: Bool) -> Bool {
        var isFirst = true
        for byte in name.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "_"):
                break
            case UInt8(ascii: ":") where colons: break
            case UInt8(ascii: "0")...UInt8(ascii: "9") where !isFirst: break
            default: return false
            }
            isFirst = false
        }
        return !isFirst
    }
}

/// The label names that Prometheus gives a meaning.
public enum LabelName {
    /// The metric's name.
    public static let metric = "__name__"
    /// The job that a target belongs to.
    public static let job = "job"
    /// The target itself.
    public static let instance = "instance"
    /// Where a target is asked: host and port.
    public static let address = "__address__"
    /// `http` or `https`.
    public static let scheme = "__scheme__"
    /// The path of the target's metrics.
    public static let metricsPath = "__metrics_path__"
    /// How often the target is scraped.
    public static let scrapeInterval = "__scrape_interval__"
    /// How long one scrape may take.
    public static let scrapeTimeout = "__scrape_timeout__"
    /// The socket that leads to the target in place of its address.
    public static let unixSocket = "__unix_socket__"
    /// The named credential of weir.yml that a target is asked with.
    public static let authProfile = "__auth_profile__"
    /// Before a URL parameter's name.
    public static let parameterPrefix = "__param_"
    /// Before what discovery says of a target; gone after relabeling.
    public static let metaPrefix = "__meta_"
    /// A histogram bucket's upper bound.
    public static let bucketBound = "le"
    /// A summary's quantile.
    public static let quantile = "quantile"
}
