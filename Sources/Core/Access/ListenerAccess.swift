/// Whom an address that Weir listens on lets in.
public enum ListenerAccess: Sendable, Hashable {
    /// Everybody who can reach it.
    case open
    /// Those who show a credential; health checks pass all the same.
    case guarded
}

/// What the settings say of who may pass: `auth: …`.
public enum AccessRule: String, Sendable, CaseIterable {
    /// Open where only this machine can reach it, guarded elsewhere.
    case byAddress = "by_address"
    /// Guarded everywhere, on loopback too.
    case always
    /// Open everywhere.
    case none

    /// Whom an address lets in.
    ///
    /// `host` is what stands before the port, empty for every address of the machine and `nil` for
    /// a unix socket; `listener` is the whole address, for the message. Where the table holds no
    /// credentials, an address that others can reach throws, with the two lines to write.
    public func access(
        host: String?, listener: String, hasCredentials: Bool
    ) throws(AccessError) -> ListenerAccess {
        switch self {
        case .none: return .open
        case .byAddress where Self.isReachedByThisMachineOnly(host): return .open
        case .byAddress, .always: break
        }
        guard hasCredentials else { throw .unguarded(listener: listener) }
        return .guarded
    }

    static func isReachedByThisMachineOnly(_ host: String?) -> Bool {
        guard let host else { return true }
        // A name other than this one may lead anywhere, and elsewhere tomorrow.
        if host.lowercased() == "localhost" { return true }
        // What is no address is not known to be loopback; nothing else is lost.
        return (try? IPAddress(host))?.isLoopback ?? false
    }
}
