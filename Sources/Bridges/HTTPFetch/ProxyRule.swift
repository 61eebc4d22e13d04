import Glibc

/// Which proxy a request takes, decided as Go's `httpproxy` does.
struct ProxyRule: Sendable, Hashable {
    /// For http URLs; empty is none.
    var http = ""
    /// For https URLs; empty is none.
    var https = ""
    /// Hosts, domains and networks that are asked directly; `*` is all of them.
    var exceptions = ""
    /// Whether this machine itself is always asked directly.
    var sparesLoopback = false

    /// What the options ask for.
    init(_ options: ProxyOptions, environment: (String) -> String? = Self.variable) {
        if options.fromEnvironment {
            http = environment("HTTP_PROXY") ?? environment("http_proxy") ?? ""
            https = environment("HTTPS_PROXY") ?? environment("https_proxy") ?? ""
            exceptions = environment("NO_PROXY") ?? environment("no_proxy") ?? ""
            sparesLoopback = true
        } else if let url = options.url {
            (http, https) = (url.revealed, url.revealed)
            (exceptions, sparesLoopback) = (options.exceptions, !options.exceptions.isEmpty)
        }
    }

    /// The URL of the proxy for `address`, or `nil` to ask directly.
    func proxy(for address: HTTPAddress) -> String? {
        let url = address.scheme == "https" ? https : http
        return url.isEmpty || isSpared(address) ? nil : url
    }

    private func isSpared(_ address: HTTPAddress) -> Bool {
        let host = address.bareHost
        let bytes = IPAddress(host)
        if sparesLoopback && (host == "localhost" || bytes?.isLoopback == true) { return true }
        for entry in exceptions.split(whereSeparator: { $0 == "," || $0 == " " }) {
            if entry == "*" { return true }
            if let bytes {
                if Self.names(String(entry), bytes, port: address.port) { return true }
            } else if Self.names(entry.lowercased(), host: host, port: address.port) {
                return true
            }
        }
        return false
    }

    /// Whether an entry names this IP address: as itself, with a port, or as part of a network.
    private static func names(_ entry: String, _ address: IPAddress, port: Int) -> Bool {
        let parts = entry.split(separator: "/", maxSplits: 1)
        if parts.count == 2, let network = IPAddress(String(parts[0])), let bits = Int(parts[1]) {
            return address.isIn(network, bits: bits)
        }
        if let same = IPAddress(entry) { return same == address }
        guard let colon = entry.lastIndex(of: ":"),
            let same = IPAddress(entry[..<colon].filter { $0 != "[" && $0 != "]" })
        else { return false }
        return same == address && Int(entry[entry.index(after: colon)...]) == port
    }

    /// Whether an entry names this host: as itself, or as a part of the domain.
    private static func names(_ entry: String, host: String, port: Int) -> Bool {
        var name = entry[...]
        if let colon = name.lastIndex(of: ":") {
            guard Int(name[name.index(after: colon)...]) == port else { return false }
            name = name[..<colon]
        }
        if name.hasPrefix("*.") { name = name.dropFirst() }
        // `.example.com` is only what lies below; `example.com` is itself too.
        if name.hasPrefix(".") { return host.hasSuffix(name) }
        return host == name || host.hasSuffix("." + name)
    }

    private static func variable(_ name: String) -> String? {
        guard let value = getenv(name) else { return nil }
        let text = String(cString: value)
        return text.isEmpty ? nil : text
    }
}

/// The bytes of an address of IPv4 (4) or IPv6 (16).
struct IPAddress: Equatable {
    let bytes: [UInt8]

    init?(_ text: String) {
        var bytes = [UInt8](repeating: 0, count: 16)
        if inet_pton(AF_INET, text, &bytes) == 1 {
            self.bytes = Array(bytes[..<4])
        } else if inet_pton(AF_INET6, text, &bytes) == 1 {
            self.bytes = bytes
        } else {
            return nil
        }
    }

    var isLoopback: Bool {
        bytes.count == 4
            ? bytes[0] == 127 : bytes.dropLast().allSatisfy { $0 == 0 } && bytes[15] == 1
    }

    func isIn(_ network: IPAddress, bits: Int) -> Bool {
        guard bytes.count == network.bytes.count, (0...bytes.count * 8).contains(bits) else {
            return false
        }
        for index in bytes.indices {
            let here = min(8, max(0, bits - index * 8))
            let mask = here == 0 ? 0 : UInt8.max << UInt8(8 - here)
            if (bytes[index] ^ network.bytes[index]) & mask != 0 { return false }
        }
        return true
    }
}
