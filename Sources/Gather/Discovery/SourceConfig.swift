public import Configuration

/// The settings of one source; two that are equal are one source.
public enum SourceConfig: Sendable, Hashable {
    /// `static_configs`, all of a job.
    case statics([StaticConfig])

    /// The sources of `discovery`, in the order of the documentation.
    static func all(of discovery: DiscoveryConfig) -> [SourceConfig] {
        var all: [SourceConfig] = []
        if !discovery.statics.isEmpty { all.append(.statics(discovery.statics)) }
        return all
    }

    /// What the kind is called in labels of metrics, as Prometheus calls it.
    public var kind: String {
        switch self {
        case .statics: "static"
        }
    }

    /// What tells it from others of its kind, for people: a URL, a path; never a secret.
    public var place: String {
        switch self {
        case .statics: ""
        }
    }

    /// The source that these settings ask for.
    func source(_ surroundings: SourceSurroundings) -> any TargetSource {
        switch self {
        case .statics(let configs): StaticSource(configs)
        }
    }
}
