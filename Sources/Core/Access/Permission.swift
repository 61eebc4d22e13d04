/// What a credential allows: `metrics.read`, or a name of another system that Weir speaks like.
public struct Permission: Sendable, Hashable, CustomStringConvertible {
    /// The name, as it stands in the settings.
    public let name: String

    /// To read current values: `/metrics`, `/federate`.
    public static let metricsRead = Permission(known: "metrics.read")
    /// To send samples in.
    public static let metricsWrite = Permission(known: "metrics.write")
    /// To ask questions: `/api/v1/query` and what belongs to it.
    public static let query = Permission(known: "query")
    /// To change Weir and to see its settings; it includes every other permission.
    public static let admin = Permission(known: "admin")

    // DC/OS lets one permission stand for all the others of its own.
    private static let superuser = Permission(known: "dcos:superuser")

    /// The permission of this name; Mackerel's `Read` and `Write` are `metrics.read` and
    /// `metrics.write`.
    public init(_ name: String) throws(AccessError) {
        let isPlain = name.utf8.allSatisfy {
            $0 > 0x20 && $0 < 0x7f && $0 != UInt8(ascii: ",") && $0 != UInt8(ascii: "\"")
        }
        guard isPlain, !name.isEmpty else { throw .permission(name) }
        self.name =
            switch name {
            case "Read": "metrics.read"
            case "Write": "metrics.write"
            default: name
            }
    }

    private init(known name: String) { self.name = name }

    /// The name, as it stands in the settings.
    public var description: String { name }

    /// Whether it is one that stands for others and cannot be bound to labels.
    var isUnlimited: Bool { self == .admin }

    /// The permissions of which any one is enough where this one is asked for.
    var includedIn: [Permission] {
        name.hasPrefix("dcos:") ? [self, .superuser, .admin] : [self, .admin]
    }
}

extension Set<Permission> {
    /// Whether these include `permission`, by name or by one that stands for it.
    public func allow(_ permission: Permission) -> Bool {
        permission.includedIn.contains { contains($0) }
    }
}

/// What a route asks of its caller.
public enum Requirement: Sendable, Hashable {
    /// Nothing: health checks, which know no credential.
    case nothing
    /// Any credential.
    case credential
    /// A credential with this permission.
    case permission(Permission)
}
