public import Model
import YAML

/// `basic_auth`: a name and a password, each written down or in a file.
public struct BasicAuth: Sendable, Hashable {
    /// The user's name.
    public var username = ""
    /// The file that holds the name instead.
    public var usernameFile: Secret?
    /// The password.
    public var password: Secret?
    /// The file that holds the password instead.
    public var passwordFile: Secret?

    static let table = YAMLTable<BasicAuth>(
        "basic_auth", "A user name and a password for every request.", make: { BasicAuth() }
    ) { _, block, decoding in
        allowOne(["username", "username_file"], in: block, &decoding)
        allowOne(["password", "password_file"], in: block, &decoding)
    } fields: {
        YAMLField("username", \.username, .text, "The user's name.")
        YAMLField("username_file", \.usernameFile, .secretFile, "A file that holds the name.")
        YAMLField("password", \.password, .secret, "The password.")
        YAMLField("password_file", \.passwordFile, .secretFile, "A file that holds the password.")
    }
}

/// `authorization`: the scheme and the credentials of the `Authorization` field.
public struct Authorization: Sendable, Hashable {
    /// The scheme, such as `Bearer`.
    public var type = "Bearer"
    /// What follows the scheme.
    public var credentials: Secret?
    /// The file that holds it instead.
    public var credentialsFile: Secret?

    /// The credentials, wherever they are.
    public var secret: Secret? { credentials ?? credentialsFile }

    static let table = YAMLTable<Authorization>(
        "authorization", "The Authorization field of every request.", make: { Authorization() }
    ) { value, block, decoding in
        allowOne(["credentials", "credentials_file"], in: block, &decoding)
        value.type = value.type.isEmpty ? "Bearer" : value.type
        if value.type.lowercased() == "basic" {
            decoding.error(
                "the type of authorization is basic", "use basic_auth instead",
                at: block.value(of: "type"))
        }
    } fields: {
        YAMLField("type", \.type, .text, "The scheme.")
        YAMLField("credentials", \.credentials, .secret, "What follows the scheme.")
        YAMLField(
            "credentials_file", \.credentialsFile, .keyFile, "A file that holds the credentials."
        )
    }
}

/// `tls_config`: how a TLS connection is made and checked.
public struct TLSConfig: Sendable, Hashable {
    /// The trusted authorities as PEM text.
    public var ca = ""
    /// The file of trusted authorities.
    public var caFile = ""
    /// The client's certificate as PEM text.
    public var cert = ""
    /// The file of the client's certificate.
    public var certFile = ""
    /// The client's key as PEM text.
    public var key: Secret?
    /// The file of the client's key.
    public var keyFile: Secret?
    /// The name that the server's certificate must bear.
    public var serverName = ""
    /// Whether any certificate is good enough.
    public var insecureSkipVerify = false
    /// The oldest version that is spoken.
    public var minVersion: String?
    /// The newest version that is spoken.
    public var maxVersion: String?

    static let versions = ["TLS10", "TLS11", "TLS12", "TLS13"]

    static let table = YAMLTable<TLSConfig>(
        "tls_config",
        "How a TLS connection is made and checked. Certificates and keys are read again when their files change.",
        make: { TLSConfig() }
    ) { value, block, decoding in
        allowOne(["ca", "ca_file"], in: block, &decoding)
        allowOne(["cert", "cert_file"], in: block, &decoding)
        allowOne(["key", "key_file"], in: block, &decoding)
        let hasCert = !value.cert.isEmpty || !value.certFile.isEmpty
        let hasKey =
            value.key.map { !$0.isEmpty } ?? false || value.keyFile.map { $0.path != "" } ?? false
        if hasCert && !hasKey {
            decoding.error(
                "tls_config has a certificate and no key", "add key_file",
                at: block.mark(of: value.cert.isEmpty ? "cert_file" : "cert"))
        } else if hasKey && !hasCert {
            decoding.error(
                "tls_config has a key and no certificate", "add cert_file",
                at: block.mark(of: block.has("key") ? "key" : "key_file"))
        }
        if let min = value.minVersion, let max = value.maxVersion, min > max {
            decoding.error(
                "min_version \(min) is newer than max_version \(max)", "swap them",
                at: block.value(of: "min_version"))
        }
    } fields: {
        YAMLField("ca", \.ca, .text, "Trusted authorities, as PEM text.")
        YAMLField("ca_file", \.caFile, .publicFile, "A file of trusted authorities.")
        YAMLField("cert", \.cert, .text, "The client's certificate, as PEM text.")
        YAMLField("cert_file", \.certFile, .credentialFile, "A file with the client's certificate.")
        YAMLField("key", \.key, .secret, "The client's key, as PEM text.")
        YAMLField("key_file", \.keyFile, .keyFile, "A file with the client's key.")
        YAMLField("server_name", \.serverName, .text, "The name that the certificate must bear.")
        YAMLField(
            "insecure_skip_verify", \.insecureSkipVerify, .boolean,
            "Accepts any certificate: only for tests.")
        YAMLField(
            "min_version", \.minVersion, .choice(versions), standard: "TLS12",
            "The oldest version of TLS.")
        YAMLField(
            "max_version", \.maxVersion, .choice(versions), standard: "TLS13",
            "The newest version of TLS.")
    }
}

extension YAMLCodec where Value == String {
    static var publicFile: YAMLCodec { named(.authorities) }
    static var credentialFile: YAMLCodec { named(.certificate) }

    private static func named(_ use: NamedFile.Use) -> YAMLCodec {
        path.checked { path, node, decoding in
            guard !path.isEmpty else { return }
            decoding.files.append(NamedFile(path: path, mark: node.mark, use: use))
        }
    }
}
