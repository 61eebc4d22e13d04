/// What a server answered.
public struct HTTPResponse: Sendable {
    /// The number of the status, as 200 or 404.
    public var status: Int
    /// The words behind it; HTTP/2 has none.
    public var reason: String
    /// The header.
    public var fields: HTTPFields
    /// The body after decompression; empty where a `BodyReader` took it.
    public var body: [UInt8] = []
    /// What came after redirects, credentials and query left out.
    public var url: HTTPAddress
    /// Where the time went; zeros until the answer is complete.
    public var timings = TransferTimings()
    /// The bytes that came over the wire as the body, before decompression.
    public var transferredBytes = 0
    /// `1.0`, `1.1` or `2`.
    public var version = ""
    /// Whether a connection of an earlier transfer served.
    public var isReusedConnection = false
    /// Whether it is a refusal that no reader has seen.
    var isHeldBack = false

    /// `503 Service Unavailable`, with the standard's words where the server sent none.
    public var statusLine: String {
        let words = reason.isEmpty ? HTTPStatus.words(of: status) : reason
        return words.isEmpty ? "\(status)" : "\(status) \(words)"
    }
}

/// Where the time of a transfer went; with redirects, the sum over all of its steps.
public struct TransferTimings: Sendable, Equatable {
    /// Looking up the host's name.
    public var dns = Duration.zero
    /// Connecting, and all that a proxy asks for.
    public var connect = Duration.zero
    /// The TLS handshake.
    public var tls = Duration.zero
    /// From the request sent to the first byte of the answer.
    public var firstByte = Duration.zero
    /// From the first byte to the last.
    public var body = Duration.zero
    /// All of it.
    public var total = Duration.zero

    /// No time at all.
    public init() {}

    init(
        dns: Duration, connect: Duration, tls: Duration, firstByte: Duration, body: Duration,
        total: Duration
    ) {
        (self.dns, self.connect, self.tls) = (dns, connect, tls)
        (self.firstByte, self.body, self.total) = (firstByte, body, total)
    }

    static func + (left: Self, right: Self) -> Self {
        Self(
            dns: left.dns + right.dns, connect: left.connect + right.connect,
            tls: left.tls + right.tls, firstByte: left.firstByte + right.firstByte,
            body: left.body + right.body, total: left.total + right.total)
    }
}

/// The words that RFC 9110 gives to a status.
public enum HTTPStatus {
    /// `Not Found` for 404; empty for a number that has none.
    public static func words(of status: Int) -> String { table[status] ?? "" }

    private static let table: [Int: String] = [
        200: "OK", 201: "Created", 202: "Accepted", 204: "No Content", 206: "Partial Content",
        301: "Moved Permanently", 302: "Found", 303: "See Other", 304: "Not Modified",
        307: "Temporary Redirect", 308: "Permanent Redirect",
        400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found",
        405: "Method Not Allowed", 406: "Not Acceptable", 407: "Proxy Authentication Required",
        408: "Request Timeout", 409: "Conflict", 410: "Gone", 411: "Length Required",
        413: "Request Entity Too Large", 414: "Request URI Too Long",
        415: "Unsupported Media Type", 422: "Unprocessable Entity", 429: "Too Many Requests",
        431: "Request Header Fields Too Large", 500: "Internal Server Error",
        501: "Not Implemented", 502: "Bad Gateway", 503: "Service Unavailable",
        504: "Gateway Timeout",
    ]
}
