import CSystem
import Glibc
import Threads

/// A user of the operating system.
public struct UserIdentity: Hashable, Sendable {
    /// As `/etc/passwd` has it, or the number if it has none.
    public let name: String
    /// The user's number; root has 0.
    public let user: UInt32
    /// The number of the user's own group.
    public let group: UInt32

    /// Who this process acts as.
    public static var current: UserIdentity {
        Self.look(up: { getpwuid($0) }, geteuid())
            ?? UserIdentity(name: "\(geteuid())", user: geteuid(), group: getegid())
    }

    /// Whether this is root.
    public var isRoot: Bool { user == 0 }

    /// The user called `name`.
    public init(named name: String) throws(ProcessError) {
        guard let found = Self.look(up: { getpwnam($0) }, name) else { throw .noSuchUser(name) }
        self = found
    }

    /// The user with this number, if the machine knows one.
    public init?(number: UInt32) {
        guard let found = Self.look(up: { getpwuid($0) }, number) else { return nil }
        self = found
    }

    private init(name: String, user: UInt32, group: UInt32) {
        (self.name, self.user, self.group) = (name, user, group)
    }

    private static func look<Key>(
        up find: (Key) -> UnsafeMutablePointer<passwd>?, _ key: Key
    ) -> UserIdentity? {
        // The entry lies in one place for all threads, so it is copied under a lock.
        lookups.withLock { _ in
            guard let entry = find(key)?.pointee, let name = entry.pw_name else { return nil }
            return UserIdentity(
                name: String(cString: name), user: entry.pw_uid, group: entry.pw_gid)
        }
    }
}

// A value of no size would lie where the lock itself does, and look like a race to ThreadSanitizer.
private let lookups = Locked(false)

/// The kernel's words for an errno.
func reason(of code: Int32) -> String { String(cString: strerror(code)) }
