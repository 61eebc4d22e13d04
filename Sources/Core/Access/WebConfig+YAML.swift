import Crypto
import Model
import YAML

extension WebConfig {
    /// Reads the file at `path`; throws everything that is wrong in it at once.
    public init(file path: String) throws(AccessError) {
        self = try Self.read(file: path).config
    }

    /// Reads the file at `path`, and what in it is worth a warning, with the line and a caret.
    public static func read(
        file path: String
    ) throws(AccessError) -> (config: WebConfig, warnings: [String]) {
        let document: YAMLDocument
        do { document = try YAMLReader.read(path: path) } catch { throw .yaml(error) }
        return try read(document)
    }

    /// Reads a document.
    static func read(
        _ document: YAMLDocument
    ) throws(AccessError) -> (config: WebConfig, warnings: [String]) {
        var reader = NodeReader(document)
        let config = document.root.map { reader.webConfig($0) } ?? WebConfig()
        return (config, try reader.finish().map(\.excerpt))
    }
}

extension NodeReader {
    fileprivate mutating func webConfig(_ node: YAMLNode) -> WebConfig {
        var config = WebConfig()
        let fields = map(
            node, "the web configuration",
            fields: ["tls_server_config", "http_server_config", "basic_auth_users", "rate_limit"])
        if let node = fields["tls_server_config"] { config.tls = tlsSettings(node) }
        if let node = fields["http_server_config"] { httpSettings(node, &config) }
        if let node = fields["basic_auth_users"] { config.users = users(node) }
        if let node = fields["rate_limit"] { config.rateLimit = rateLimit(node) }
        return config
    }

    private mutating func httpSettings(_ node: YAMLNode, _ config: inout WebConfig) {
        let fields = map(node, "http_server_config", fields: ["http2", "headers"])
        if let node = fields["http2"] { config.allowsHTTP2 = bool(node, "http2") ?? true }
        guard let headers = fields["headers"] else { return }
        for entry in entries(headers, "headers") {
            if let header = header(entry) { config.headers.append(header) }
        }
    }

    private mutating func header(_ entry: YAMLEntry) -> WebConfig.Header? {
        guard let choices = WebConfig.headerChoices[entry.name] else {
            let names = WebConfig.headerChoices.keys.sorted()
            let near = Nearest.name(to: entry.name, among: names)
            refuse(
                "the header \"\(YAMLComplaint.short(entry.name))\" cannot be set",
                near.map { "did you mean \($0)?" } ?? "these can: \(names.joined(separator: ", "))",
                at: entry.mark)
            return nil
        }
        // Prometheus leaves out a header that is there and says nothing.
        if entry.value.isNull { return nil }
        guard let value = text(entry.value, entry.name) else { return nil }
        guard choices.isEmpty || choices.contains(value) else {
            refuse(
                "\(entry.name) is \"\(YAMLComplaint.short(value))\"",
                "write \(choices.joined(separator: " or "))", at: entry.value.mark)
            return nil
        }
        guard value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7f }) else {
            refuse(
                "\(entry.name) holds a control character", "write it on one line",
                at: entry.value.mark)
            return nil
        }
        return WebConfig.Header(name: entry.name, value: value)
    }

    private mutating func users(_ node: YAMLNode) -> [WebConfig.User] {
        var users: [WebConfig.User] = []
        for entry in entries(node, "basic_auth_users") {
            let mark = entry.value.mark
            // What stands there may be a password, so that no message shows the line.
            guard let text = text(entry.value, "the password of a user", isSecret: true) else {
                continue
            }
            if entry.name.isEmpty || entry.name.contains(":") {
                refuse(
                    "the user name cannot be sent", "write one without a colon", at: entry.mark,
                    isSecret: true)
                continue
            }
            do {
                users.append(WebConfig.User(name: entry.name, hash: try PasswordHash(text)))
            } catch { refuse("\(error)", "", at: mark, isSecret: true) }
        }
        return users
    }

    private mutating func rateLimit(_ node: YAMLNode) -> WebConfig.RateLimit? {
        let fields = map(node, "rate_limit", fields: ["interval", "burst"])
        var interval = TimeSpan.zero
        if let node = fields["interval"], let text = text(node, "interval") {
            do { interval = try TimeSpan(text) } catch { refuse("\(error)", "", at: node.mark) }
        }
        var burst = 0
        if let node = fields["burst"] {
            if case .scalar(let scalar) = node.content, let whole = scalar.whole, whole >= 0 {
                burst = whole
            } else {
                refuse("burst is \(node.kindInWords)", "write a whole number", at: node.mark)
            }
        }
        guard interval > .zero else { return nil }
        if burst == 0 {
            refuse("rate_limit lets no request pass", "write a burst of 1 or more", at: node.mark)
        }
        return WebConfig.RateLimit(burst: burst, interval: interval)
    }
}

extension WebConfig {
    /// The headers that may be set, and the values that they may have; none: any.
    fileprivate static let headerChoices: [String: [String]] = [
        "Content-Security-Policy": [],
        "Strict-Transport-Security": [],
        "X-Content-Type-Options": ["nosniff"],
        "X-Frame-Options": ["deny", "sameorigin"],
        "X-XSS-Protection": [],
    ]
}
