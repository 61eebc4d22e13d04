import CCurl

/// A URL that can be fetched: http or https, with a host.
public struct HTTPAddress: Sendable, Hashable, CustomStringConvertible {
    /// The URL as it is fetched, credentials and query with it.
    public let text: String
    /// `http` or `https`.
    public let scheme: String
    /// The host, in lower case; an IPv6 address stands in brackets.
    public let host: String
    /// The port, the scheme's own where the URL has none.
    public let port: Int
    /// What may be shown: without user, password and the values of the query.
    public let description: String

    /// Reads `text`; a blank in it is taken as `%20`.
    public init(_ text: String) throws(HTTPFetchError) {
        let parts = try URLParts()
        try parts.set(CURLUPART_URL, text)
        try self.init(parts)
    }

    /// Where `reference`, the value of a `Location`, leads from here.
    func resolving(_ reference: String) throws(HTTPFetchError) -> HTTPAddress {
        let parts = try URLParts()
        try parts.set(CURLUPART_URL, text)
        // What a redirect leads to is not what a user and password were given for.
        try parts.set(CURLUPART_USER, nil)
        try parts.set(CURLUPART_PASSWORD, nil)
        try parts.set(CURLUPART_URL, reference)
        return try HTTPAddress(parts)
    }

    /// The same place under another name, for servers that want one in TLS.
    func renamed(_ name: String) throws(HTTPFetchError) -> HTTPAddress {
        let parts = try URLParts()
        try parts.set(CURLUPART_URL, text)
        try parts.set(CURLUPART_HOST, name)
        return try HTTPAddress(parts)
    }

    private init(_ parts: borrowing URLParts) throws(HTTPFetchError) {
        guard let scheme = parts[CURLUPART_SCHEME], scheme == "http" || scheme == "https" else {
            throw .invalidURL(reason: "it has to begin with http:// or https://")
        }
        guard let host = parts[CURLUPART_HOST]?.lowercased(), !host.isEmpty,
            let port = parts[CURLUPART_PORT].flatMap({ Int($0) }), let text = parts[CURLUPART_URL]
        else { throw .invalidURL(reason: "it has no host") }
        self.scheme = scheme
        self.host = host
        self.port = port
        self.text = text
        let isUsual = port == (scheme == "https" ? 443 : 80)
        let path = parts[CURLUPART_PATH] ?? "/"
        let query = parts[CURLUPART_QUERY] == nil ? "" : "?…"
        description = "\(scheme)://\(host)\(isUsual ? "" : ":\(port)")\(path)\(query)"
    }

    /// `host:port`, as the header `Host` has it: without the scheme's own port.
    var authority: String {
        port == (scheme == "https" ? 443 : 80) ? host : "\(host):\(port)"
    }

    /// The host without the brackets of an IPv6 address.
    var bareHost: String {
        host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host
    }

    /// Whether what was given for `self` may be shown to `other` too: the same host and port, or the
    /// same host moved from http to https on their usual ports.
    func sharesCredentials(with other: HTTPAddress) -> Bool {
        guard host == other.host else { return false }
        if scheme == other.scheme { return port == other.port }
        return scheme == "http" && port == 80 && other.port == 443
    }
}

/// The parts of a URL, as libcurl takes it apart.
private struct URLParts: ~Copyable {
    private let handle: OpaquePointer

    init() throws(HTTPFetchError) {
        guard let handle = curl_url() else { throw .invalidURL(reason: "out of memory") }
        self.handle = handle
    }

    deinit { curl_url_cleanup(handle) }

    func set(_ part: CURLUPart, _ text: String?) throws(HTTPFetchError) {
        guard text?.utf8.contains(0) != true else { throw .invalidURL(reason: "it holds a NUL") }
        let code = curl_url_set(handle, part, text, UInt32(CURLU_URLENCODE))
        guard code == CURLUE_OK else {
            throw .invalidURL(reason: String(cString: curl_url_strerror(code)).lowercased())
        }
    }

    subscript(part: CURLUPart) -> String? {
        var text: UnsafeMutablePointer<CChar>?
        let flags = part == CURLUPART_PORT ? CURLU_DEFAULT_PORT : 0
        let code = curl_url_get(handle, part, &text, UInt32(flags))
        guard code == CURLUE_OK, let text else { return nil }
        defer { curl_free(text) }
        return String(cString: text)
    }
}
