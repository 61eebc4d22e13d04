public import Model

/// What discovery said of one target, before anything was made of it.
public struct FoundTarget: Sendable, Hashable {
    /// The target's own labels.
    public let own: Labels
    /// The labels of its group, which come second.
    public let group: Labels

    /// A find of these.
    public init(own: Labels, group: Labels = Labels()) { (self.own, self.group) = (own, group) }
}

/// A target that is to be scraped, and how.
public struct ScrapeTarget: Sendable {
    /// What discovery said of it.
    public let found: FoundTarget
    /// All labels after relabeling but those that begin with `__meta_`; `instance` is filled in.
    public let relabeled: Labels
    /// Where its metrics are, with parameters; may still be no URL that can be fetched.
    public let url: String
    /// How often it is scraped.
    public let interval: TimeSpan
    /// How long one scrape may take; never over `interval`.
    public let timeout: TimeSpan
    /// The labels' hash, since a target is looked up far more often than it is made.
    let hash: UInt64

    init(
        found: FoundTarget, relabeled: Labels, url: String, interval: TimeSpan, timeout: TimeSpan
    ) {
        self.found = found
        self.relabeled = relabeled
        self.url = url
        self.interval = interval
        self.timeout = timeout
        hash = relabeled.stableHash
    }

    /// The labels that its series get: those that do not begin with `__`.
    public var labels: Labels { Labels(inOrder: relabeled.filter { !$0.name.hasPrefix("__") }) }
    /// Host and port.
    public var address: String { relabeled[LabelName.address] }
    /// The socket that leads to it in place of its address, where there is one.
    public var unixSocket: String? { Self.filled(relabeled[LabelName.unixSocket]) }
    /// The named credential of weir.yml that it is asked with, where there is one.
    public var authProfile: String? { Self.filled(relabeled[LabelName.authProfile]) }

    private static func filled(_ text: String) -> String? { text.isEmpty ? nil : text }
}

/// Two targets are the same if they are scraped in the same way into the same series.
extension ScrapeTarget: Hashable {
    /// Whether labels and URL are the same; what discovery said may differ.
    public static func == (left: ScrapeTarget, right: ScrapeTarget) -> Bool {
        left.hash == right.hash && left.url == right.url && left.relabeled == right.relabeled
    }

    /// Hashes the labels, which nearly always tell targets apart.
    public func hash(into hasher: inout Hasher) { hasher.combine(hash) }
}

/// What became of a target that was found.
public enum TargetOutcome: Sendable, Hashable {
    /// It is scraped.
    case target(ScrapeTarget)
    /// A relabel rule dropped it.
    case dropped
    /// It cannot be scraped.
    case failed(TargetFault)
}

/// Why a target that was found cannot be scraped.
public enum TargetFault: Error, Sendable, Hashable, CustomStringConvertible {
    /// Relabeling left no address.
    case noAddress
    /// The address holds a path.
    case badAddress(String)
    /// A label of time is no duration.
    case badDuration(label: String, text: String)
    /// A label of time is zero.
    case zeroDuration(label: String)
    /// The timeout is longer than the interval.
    case timeoutOverInterval(timeout: String, interval: String)

    /// What is wrong, and what to do.
    public var description: String {
        switch self {
        case .noAddress: "no address: relabeling left __address__ empty"
        case .badAddress(let text):
            "\(Labels.quoted(text)) is not a valid hostname; put the path into __metrics_path__"
        case .badDuration(let label, let text):
            "\(label) is no duration: \(Labels.quoted(text)); write it as 30s"
        case .zeroDuration(let label): "\(label) cannot be 0"
        case .timeoutOverInterval(let timeout, let interval):
            "scrape timeout cannot be greater than scrape interval (\(timeout) > \(interval))"
        }
    }
}
