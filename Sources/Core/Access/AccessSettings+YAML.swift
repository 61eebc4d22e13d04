import Crypto
import Model
public import YAML

extension AccessSettings {
    /// The names of the fields of Weir's settings that are read here.
    public static let fields = ["auth", "credentials"]

    /// Reads `auth:` and `credentials:` of the file at `path`; its other fields are for others.
    public init(file path: String) throws(AccessError) {
        let document: YAMLDocument
        do { document = try YAMLReader.read(path: path) } catch { throw .yaml(error) }
        try self.init(document)
    }

    /// Reads `auth:` and `credentials:` of a document; its other fields are for others.
    public init(_ document: YAMLDocument) throws(AccessError) {
        self.init()
        var reader = NodeReader(document)
        let root = document.root
        if let node = root?["auth"], !node.isNull {
            rule = reader.choice(node, "auth", of: AccessRule.self) ?? .byAddress
        }
        if let node = root?["credentials"], !node.isNull {
            for item in reader.items(node, "credentials") {
                if let row = reader.credential(item) { credentials.append(row) }
            }
        }
        _ = try reader.finish()
    }
}

extension NodeReader {
    private static let rowFields = [
        "name", "kind", "username", "secret", "secret_file", "secret_sha256", "secret_bcrypt",
        "certificate_names", "permissions", "matchers", "networks", "expires",
    ]

    fileprivate mutating func credential(_ node: YAMLNode) -> CredentialSettings? {
        let fields = map(node, "a credential", fields: Self.rowFields)
        guard let name = fields["name"].flatMap({ text($0, "name") }) else {
            if fields["name"] == nil {
                refuse(
                    "a credential has no name", "write name: what logs shall call it",
                    at: node.mark, isSecret: true)
            }
            return nil
        }
        guard let kindNode = fields["kind"] else {
            refuse(
                "credential \(name) has no kind",
                "write one of \(CredentialKind.allCases.map(\.rawValue).joined(separator: ", "))",
                at: node.mark, isSecret: true)
            return nil
        }
        guard let kind = choice(kindNode, "kind", of: CredentialKind.self) else { return nil }
        let permissions = permissions(fields, kind, name, node)
        guard let secret = secret(fields, name, node) else { return nil }
        let row = CredentialSettings(
            name: name, kind: kind, username: fields["username"].flatMap { text($0, "username") },
            secret: secret, permissions: permissions, binding: matchers(fields),
            networks: networks(fields), expires: expires(fields))
        check(row, node)
        return row
    }

    private mutating func permissions(
        _ fields: [String: YAMLNode], _ kind: CredentialKind, _ name: String, _ node: YAMLNode
    ) -> Set<Permission> {
        guard let list = fields["permissions"] else {
            if kind == .metricsToken { return kind.usualPermissions }
            refuse(
                "credential \(name) has no permissions",
                "give it some of metrics.read, metrics.write, query and admin", at: node.mark,
                isSecret: true)
            return []
        }
        var permissions: Set<Permission> = []
        for (text, mark) in texts(list, "permissions") {
            do { permissions.insert(try Permission(text)) } catch {
                refuse("\(error)", "", at: mark)
            }
        }
        return permissions
    }

    private mutating func secret(
        _ fields: [String: YAMLNode], _ name: String, _ node: YAMLNode
    ) -> SecretSource? {
        let names = [
            "secret", "secret_file", "secret_sha256", "secret_bcrypt", "certificate_names",
        ]
        let given = names.filter { fields[$0] != nil }
        guard given.count == 1, let value = fields[given[0]] else {
            refuse(
                "credential \(name) has \(given.isEmpty ? "no" : "more than one") secret",
                "write one of \(names.joined(separator: ", "))", at: node.mark, isSecret: true)
            return nil
        }
        if given[0] == "certificate_names" {
            return .certificate(names: texts(value, "certificate_names").map(\.text))
        }
        guard let text = text(value, given[0], isSecret: true) else { return nil }
        switch given[0] {
        case "secret_file": return .file(path(text))
        case "secret_sha256":
            guard let digest = Digest(hexSHA256: text) else {
                refuse(
                    "secret_sha256 has to be 64 hexadecimal digits",
                    "`weir credential new` makes one, and so does `printf %s SECRET | sha256sum`",
                    at: value.mark, isSecret: true)
                return nil
            }
            return .digest(digest)
        case "secret_bcrypt":
            do { return .password(try PasswordHash(text)) } catch {
                refuse("\(error)", "", at: value.mark, isSecret: true)
                return nil
            }
        default: return .plain(text)
        }
    }

    private mutating func matchers(_ fields: [String: YAMLNode]) -> [Matcher] {
        guard let node = fields["matchers"] else { return [] }
        guard let text = text(node, "matchers") else { return [] }
        do {
            let matchers = try Selector(text).matchers
            if matchers.isEmpty {
                refuse(
                    "matchers is empty", "write a selector, such as '{tenant=\"a\"}', or remove it",
                    at: node.mark)
            }
            return matchers
        } catch {
            refuse("\(error)", "write a selector, such as '{tenant=\"a\"}'", at: node.mark)
            return []
        }
    }

    private mutating func networks(_ fields: [String: YAMLNode]) -> [Network] {
        guard let node = fields["networks"] else { return [] }
        var networks: [Network] = []
        for (text, mark) in texts(node, "networks") {
            do { networks.append(try Network(text)) } catch { refuse("\(error)", "", at: mark) }
        }
        // An empty list would let in everywhere what was meant to be let in nowhere.
        if case .list(let items) = node.content, items.isEmpty {
            refuse("networks names none", "write one, or remove it", at: node.mark)
        }
        return networks
    }

    private mutating func expires(_ fields: [String: YAMLNode]) -> Timestamp? {
        guard let node = fields["expires"], let text = text(node, "expires") else { return nil }
        guard let time = Timestamp(rfc3339: text) else {
            refuse(
                "expires is \(node.kindInWords)",
                "write a date: 2027-01-01 or 2027-01-01T12:00:00Z",
                at: node.mark)
            return nil
        }
        return time
    }

    /// What contradicts itself is told with its place, while secrets of files are not read yet.
    private mutating func check(_ row: CredentialSettings, _ node: YAMLNode) {
        var row = row
        if case .file = row.secret { row.secret = .plain("stands for what is in the file") }
        do { _ = try row.credential() } catch {
            refuse("\(error)", "", at: node.mark, isSecret: true)
        }
    }
}
