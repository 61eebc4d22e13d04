// DNS: names to records, by c-ares.
// In: a name, a kind of record. Out: the records, or none where the name has none.
// Start at `DNSResolver`. Any number of look-ups share one thread. Knows nothing of targets.

/// Why a name could not be looked up.
public enum DNSError: Error, Equatable, CustomStringConvertible {
    /// The resolver itself could not be made.
    case unavailable(reason: String)
    /// The servers gave no answer that counts; a name without records is no error.
    case failed(name: String, kind: DNSRecord.Kind, reason: String)

    /// A sentence with the resolver's reason.
    public var description: String {
        switch self {
        case .unavailable(let reason): "cannot resolve names: \(reason)"
        case .failed(let name, let kind, let reason):
            "cannot look up \(kind.rawValue) of \(name): \(reason)"
        }
    }
}
