import Crypto
import Model

/// A credential that was just made: the row for the settings, and the secret, which is nowhere kept.
public struct NewCredential: Sendable {
    /// What stands in the settings: never the secret itself.
    public let settings: CredentialSettings
    /// What the client is given; `nil` for a certificate.
    public let secret: String?

    /// Makes a secret nobody can guess, and keeps its hash in `template`'s place.
    ///
    /// It takes a moment for `basic`, since bcrypt is slow by design.
    public init(_ template: CredentialSettings) throws(AccessError) {
        var settings = template
        if case .certificate = template.secret {
            _ = try settings.credential()
            self.settings = settings
            secret = nil
            return
        }
        let secret = "weir_" + Base64.url.encode(SecureBytes.random(count: 32))
        do {
            settings.secret =
                template.kind == .basic
                ? .password(try PasswordHash(hashing: secret))
                : .digest(try .sha256(Array(secret.utf8)))
        } catch { throw .crypto(error) }
        self.settings = settings
        self.secret = secret
        // What cannot be used is told now, and not when Weir starts.
        _ = try settings.credential()
    }
}

extension CredentialSettings {
    /// The row as it stands below `credentials:`, in one line of YAML.
    public var line: String {
        var members = [("name", Self.scalar(name)), ("kind", kind.rawValue)]
        if let username { members.append(("username", Self.scalar(username))) }
        switch secret {
        case .plain(let text): members.append(("secret", Self.scalar(text)))
        case .digest(let digest): members.append(("secret_sha256", Self.scalar(digest.hex)))
        case .password(let hash): members.append(("secret_bcrypt", Self.scalar(hash.text)))
        case .file(let path): members.append(("secret_file", Self.scalar(path)))
        case .certificate(let names): members.append(("certificate_names", Self.list(names)))
        }
        members.append(("permissions", Self.list(permissions.map(\.name).sorted())))
        if !binding.isEmpty {
            members.append(("matchers", Self.scalar("\(Selector(binding))")))
        }
        if !networks.isEmpty {
            members.append(("networks", Self.list(networks.map(\.description))))
        }
        if let expires { members.append(("expires", Self.scalar(expires.description))) }
        return "- {" + members.map { "\($0): \($1)" }.joined(separator: ", ") + "}"
    }

    private static func list(_ texts: [String]) -> String {
        "[" + texts.map(scalar).joined(separator: ", ") + "]"
    }

    // Quoted unless it is plainly a word that begins with a letter and is none of YAML's own.
    private static func scalar(_ text: String) -> String {
        let isPlain = text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "-"), UInt8(ascii: "/"):
                true
            default: false
            }
        }
        let words = ["true", "false", "yes", "no", "on", "off", "null", "y", "n"]
        let startsWell = text.utf8.first.map { $0 >= UInt8(ascii: "A") } ?? false
        guard isPlain, startsWell, !words.contains(text.lowercased()) else {
            return "'"
                + text.split(separator: "'", omittingEmptySubsequences: false)
                .joined(separator: "''") + "'"
        }
        return text
    }
}
