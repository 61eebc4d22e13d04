public import Model
import YAML

/// Which proxy leads to a server.
public struct ProxyConfig: Sendable, Hashable {
    /// The proxy's URL; may hold a password.
    public var url: String?
    /// The hosts that are asked without it, separated by commas.
    public var noProxy = ""
    /// Whether the environment names the proxy.
    public var fromEnvironment = false
    /// Fields for the CONNECT request alone.
    public var connectHeader: [String: [Secret]] = [:]

    static let schemes = ["http", "https", "socks5", "socks5h"]

    static let table = YAMLTable<ProxyConfig>(
        "proxy", "The proxy of an HTTP client.", make: { ProxyConfig() }
    ) {
        YAMLField("proxy_url", \.url, .url(schemes: schemes), "The proxy.")
        YAMLField(
            "no_proxy", \.noProxy, .text,
            "Hosts, networks and domains that are asked directly, separated by commas.")
        YAMLField(
            "proxy_from_environment", \.fromEnvironment, .boolean,
            "Takes the proxy from HTTP_PROXY, HTTPS_PROXY and NO_PROXY.")
        YAMLField(
            "proxy_connect_header", \.connectHeader, .map(.list(.secret)),
            "Fields that are sent to the proxy with CONNECT.")
    }

    static func check(_ proxy: ProxyConfig, _ block: YAMLBlock, _ decoding: inout YAMLDecoding) {
        if proxy.fromEnvironment {
            for name in block.present(["proxy_url", "no_proxy"]) {
                decoding.error(
                    "\(name) and proxy_from_environment stand together in \(block.name)",
                    "keep one of them", at: block.mark(of: name))
            }
        } else if proxy.url == nil, !block.has("proxy_url") {
            for name in block.present(["no_proxy", "proxy_connect_header"]) {
                decoding.error(
                    "\(name) has no proxy to go with", "add proxy_url", at: block.mark(of: name))
            }
        }
    }
}

/// One field of `http_headers`.
public struct HTTPHeader: Sendable, Hashable {
    /// Values that everybody may see.
    public var values: [String] = []
    /// Values that nobody may see.
    public var secrets: [Secret] = []
    /// Files that hold values.
    public var files: [Secret] = []

    static let table = YAMLTable<HTTPHeader>(
        "http_header", "The values of one HTTP field.", make: { HTTPHeader() }
    ) {
        YAMLField("values", \.values, .list(.text), "Values.")
        YAMLField("secrets", \.secrets, .list(.secret), "Values that are not shown.")
        YAMLField("files", \.files, .list(.secretFile), "Files that hold values.")
    }

    private static let reserved: Set<String> = [
        "authorization", "host", "content-encoding", "content-length", "content-type",
        "user-agent", "connection", "keep-alive", "proxy-authenticate", "proxy-authorization",
        "www-authenticate", "accept-encoding", "x-prometheus-remote-write-version",
        "x-prometheus-remote-read-version", "x-prometheus-scrape-timeout-seconds",
        "x-amz-date", "x-amz-security-token", "x-amz-content-sha256",
    ]

    /// Notes names that a client sets itself.
    static func check(names block: YAMLNode?, of field: String, _ decoding: inout YAMLDecoding) {
        guard case .map(let entries)? = block?.content else { return }
        var seen: Set<String> = []
        for entry in entries {
            let name = entry.name.lowercased()
            if !seen.insert(name).inserted {
                decoding.error(
                    "\"\(entry.name)\" stands twice in \(field), in other letters",
                    "keep one of them", at: entry.mark)
            }
            guard reserved.contains(name) else { continue }
            decoding.error(
                "\(field) cannot set \"\(entry.name)\"",
                name == "authorization" ? "use basic_auth, authorization or oauth2" : "remove it",
                at: entry.mark)
        }
    }
}
