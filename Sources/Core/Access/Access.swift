// Access: who may pass. The credential table, the web configuration file, and the rule that an
// address which others can reach asks for a credential. Start at `Gatekeeper`.
// Knows nothing of routes or sockets. Imports: Crypto, Model, Telemetry, Threads, YAML.

public import Crypto
public import YAML

/// Why a credential, a web configuration or an address to listen on was refused.
public enum AccessError: Error, CustomStringConvertible {
    /// A file that is no YAML.
    case yaml(YAMLError)
    /// Everything that is wrong in a file, and its warnings, in the order of the file.
    case refused([YAMLComplaint])
    /// A file that cannot be read.
    case file(path: String, reason: String)
    /// Not an address, such as `10.0.0.256`.
    case address(String)
    /// Not a network, such as `10.0.0.0/33`.
    case network(String)
    /// Not the name of a permission.
    case permission(String)
    /// A credential of the table that cannot be used; never says its secret.
    case credential(name: String, problem: String)
    /// A hash or a digest failed.
    case crypto(CryptoError)
    /// An address that others can reach, and no credential that would keep them out.
    case unguarded(listener: String)
    /// `auth: none` beside users of the web configuration.
    case openWithUsers

    /// A sentence: where, what, and what to write instead.
    public var description: String {
        switch self {
        case .yaml(let error): error.description
        case .refused(let complaints):
            complaints.map(\.excerpt).joined(separator: "\n")
        case .file(let path, let reason): "cannot read \(path): \(reason)"
        case .address(let text):
            "\"\(text)\" is not an IP address; write one such as 10.0.0.7 or ::1"
        case .network(let text):
            "\"\(text)\" is not a network; write one such as 10.0.0.0/8, 192.0.2.7 or fd00::/8"
        case .permission(let text):
            "\"\(text)\" is not the name of a permission; write one such as metrics.read, without "
                + "blanks, commas or control characters"
        case .credential(let name, let problem): "credential \(name): \(problem)"
        case .crypto(let error): error.description
        case .openWithUsers:
            "the settings say `auth: none`, and the web configuration has basic_auth_users; remove "
                + "one of them"
        case .unguarded(let listener): Self.unguarded(listener)
        }
    }

    private static func unguarded(_ listener: String) -> String {
        """
        refusing to listen on \(listener): others can reach this address, and no credential is \
        configured. Write these two lines into weir.yml, with what `weir credential new grafana` \
        prints in place of the dots:
        credentials:
          - {name: grafana, kind: bearer, secret_sha256: ..., permissions: [query, metrics.read]}
        To let everybody in, write `auth: none` there. To stay by yourself, listen on 127.0.0.1.
        """
    }
}
