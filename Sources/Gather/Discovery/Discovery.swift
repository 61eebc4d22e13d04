// Discovery: where the targets of every job are, followed while they change.
// In: the jobs' discovery settings. Out: groups of targets by job, in batches, and how each source
// does. Start at `TargetFinder`; a kind of source is one `TargetSource`, named in `SourceConfig`.
// `JobTargets` makes targets out of groups. Knows nothing of scraping.

/// Why a source of targets has nothing new to say.
public enum DiscoveryError: Error, Sendable, Hashable, CustomStringConvertible {
    /// A list of targets is not what it has to be.
    case badList(place: String, reason: String)
    /// A server answered, and not with what was asked for.
    case badAnswer(url: String, reason: String)
    /// A file cannot be read.
    case unreadable(path: String, reason: String)
    /// The source's settings cannot work.
    case badSettings(reason: String)

    /// Where, and what is wrong.
    public var description: String {
        switch self {
        case .badList(let place, let reason): "\(place): \(reason)"
        case .badAnswer(let url, let reason): "\(url): \(reason)"
        case .unreadable(let path, let reason): "cannot read \(path): \(reason)"
        case .badSettings(let reason): reason
        }
    }
}
