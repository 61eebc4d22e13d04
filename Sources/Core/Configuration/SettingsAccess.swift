import Access
import Model
import YAML

/// What `auth` and `credentials` hold, for documentation and editors; Access itself reads them.
enum AccessShape {
    /// Leaves the value to Access.
    static let auth = YAMLCodec<YAMLNode>(.choice(AccessRule.allCases.map(\.rawValue))) { node, _ in
        node
    } write: {
        $0
    }

    /// Leaves the rows to Access.
    static let credentials = YAMLCodec<YAMLNode>(.list(.block(row.shape))) { node, _ in
        node
    } write: {
        $0
    }

    private struct Row: Sendable {
        var name = ""
        var kind = ""
        var username = ""
        var secret: Secret?
        var path = ""
        var hash = ""
        var texts: [String] = []
        var matchers = ""
        var expires = ""
    }

    private static let row = YAMLTable<Row>(
        "credential", "One who may pass: `weir credential new NAME` makes a row.",
        make: { Row() }
    ) {
        YAMLField("name", \.name, .text, required: true, "What logs and metrics call it.")
        YAMLField(
            "kind", \.kind, .choice(CredentialKind.allCases.map(\.rawValue)), required: true,
            "In which form clients show it.")
        YAMLField("username", \.username, .text, "The user name of `basic`; the name otherwise.")
        YAMLField("secret", \.secret, .secret, "The secret in plain.")
        YAMLField(
            "secret_file", \.path, .text("path"),
            "The file that holds it, in plain or as a bcrypt hash.")
        YAMLField("secret_sha256", \.hash, .text("64 hexadecimal digits"), "Its SHA-256.")
        YAMLField("secret_bcrypt", \.hash, .text("bcrypt hash"), "Its bcrypt hash.")
        YAMLField(
            "certificate_names", \.texts, .list(.text),
            "The names of a client certificate, in place of a secret.")
        YAMLField(
            "permissions", \.texts, .list(.text),
            "What it allows: `metrics.read`, `metrics.write`, `query`, `admin`.")
        YAMLField("matchers", \.matchers, .text("selector"), "The series that it may see.")
        YAMLField("networks", \.texts, .list(.text("network")), "From where it may be used.")
        YAMLField("expires", \.expires, .text("date"), "The first instant at which it ends.")
    }
}
