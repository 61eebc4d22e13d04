// HTTPFetch: what Weir asks of other servers over HTTP, by libcurl.
// In: a request and how to make it. Out: an answer, whole or piece by piece, or a typed error.
// Start at `HTTPClient`. One thread carries all transfers; tokens come from `OAuth2TokenBroker`.
// Knows nothing of targets, metrics or logs.

/// Why there is no answer; no case ever holds a secret.
public enum HTTPFetchError: Error, Equatable, Sendable {
    /// What a transfer was waiting for when its time was over.
    public enum Phase: String, Sendable {
        case credentials = "the credentials"
        case resolving = "the name server"
        case connecting = "the connection"
        case securing = "the TLS handshake"
        case head = "the first byte"
        case body = "the rest of the answer"
    }

    /// The text is no URL that can be fetched.
    case invalidURL(reason: String)
    /// A header that HTTP does not allow, by its name.
    case invalidField(name: String)
    /// An option that libcurl does not take.
    case invalidOption(name: String, reason: String)
    /// A file of a credential or certificate cannot be read.
    case unreadableFile(path: String, reason: String)
    /// A host name has no address.
    case unresolvable(url: String, host: String)
    /// Nobody listens, or nobody can be reached.
    case unreachable(url: String, reason: String)
    /// The TLS handshake or the check of the certificate failed.
    case insecure(url: String, reason: String)
    /// The proxy did not do its part.
    case proxy(url: String, reason: String)
    /// The time was over.
    case timedOut(url: String, after: Duration, waitingFor: Phase)
    /// The connection ended before the answer did.
    case cutOff(url: String, reason: String)
    /// What answered does not speak HTTP.
    case notHTTP(url: String)
    /// The status line and header are longer than a sound server sends.
    case headTooLarge(url: String, limitBytes: Int)
    /// The body, after decompression, is over the request's limit.
    case bodyTooLarge(url: String, limitBytes: Int)
    /// The body is not compressed as its header says.
    case undecodable(url: String)
    /// Redirects led on and on.
    case tooManyRedirects(url: String, limit: Int)
    /// A redirect led to where Weir does not go.
    case badRedirect(url: String, reason: String)
    /// The reader of the body wanted no more.
    case stopped(url: String)
    /// The task that asked was cancelled.
    case cancelled
    /// There is no token to ask with.
    case noToken(tokenURL: String, reason: String)
    /// Anything else that libcurl reports.
    case failed(url: String, reason: String)
}

extension HTTPFetchError: CustomStringConvertible {
    /// A sentence: where, what, and what to do about it.
    public var description: String {
        switch self {
        case .invalidURL(let reason): "this is not a URL to fetch from: \(reason)"
        case .invalidField(let name):
            "header \(name): a name has only letters, digits and !#$%&'*+-.^_`|~, and a value is "
                + "one line"
        case .invalidOption(let name, let reason): "\(name): \(reason)"
        case .unreadableFile(let path, let reason): "cannot read \(path): \(reason)"
        case .unresolvable(let url, let host):
            "\(url): no address for host \(host); check the name and the name server"
        case .unreachable(let url, let reason): "\(url): cannot connect: \(reason)"
        case .insecure(let url, let reason): "\(url): no TLS connection: \(reason)"
        case .proxy(let url, let reason): "\(url): the proxy failed: \(reason)"
        case .timedOut(let url, let time, let phase):
            "\(url): no answer within \(Self.seconds(time)), waiting for \(phase.rawValue): "
                + "context deadline exceeded"
        case .cutOff(let url, let reason):
            "\(url): the connection ended before the answer was complete: \(reason)"
        case .notHTTP(let url):
            "\(url): the answer is not HTTP; check the port, and whether it wants https"
        case .headTooLarge(let url, let limit):
            "\(url): the header of the answer is over \(limit) bytes"
        case .bodyTooLarge(let url, let limit):
            "\(url): the body is over \(limit) bytes: body size limit exceeded"
        case .undecodable(let url):
            "\(url): the body is not compressed as its Content-Encoding says"
        case .tooManyRedirects(let url, let limit): "\(url): stopped after \(limit) redirects"
        case .badRedirect(let url, let reason): "\(url): bad redirect: \(reason)"
        case .stopped(let url): "\(url): the rest of the answer was not wanted"
        case .cancelled: "cancelled: context canceled"
        case .noToken(let url, let reason): "no token from \(url): \(reason)"
        case .failed(let url, let reason): "\(url): \(reason)"
        }
    }

    /// `10s`, `500ms`, `1.5s`.
    static func seconds(_ time: Duration) -> String {
        let (whole, parts) = time.components
        let milliseconds = whole * 1000 + parts / 1_000_000_000_000_000
        if milliseconds < 1000 { return "\(milliseconds)ms" }
        if milliseconds % 1000 == 0 { return "\(milliseconds / 1000)s" }
        return "\(Double(milliseconds) / 1000)s"
    }
}
