import CCurl

/// What is asked of a server, and how long and how much of an answer is awaited.
public struct HTTPRequest: Sendable {
    /// How a body may be compressed on its way.
    public enum Coding: String, Sendable, CaseIterable {
        case gzip, deflate, br, zstd

        /// Those that this libcurl can undo, the best first.
        public static let supported: [Coding] = {
            let features = weir_curl_features()
            let zstd: [Coding] = features & Int(CURL_VERSION_ZSTD) != 0 ? [.zstd] : []
            let br: [Coding] = features & Int(CURL_VERSION_BROTLI) != 0 ? [.br] : []
            return zstd + [.gzip] + br
        }()
    }

    /// What to do, as `GET` or `POST`.
    public var method: String
    /// Where.
    public var url: HTTPAddress
    /// Header lines beside those of the options.
    public var fields: HTTPFields
    /// What is sent along; `nil` is no body.
    public var body: [UInt8]?
    /// For all of it: credentials, redirects and the last byte of the answer.
    public var timeout: Duration
    /// How many bytes an answer's body may have after decompression; `nil` is no limit.
    public var bodyLimitBytes: Int?
    /// The compressions offered to the server, the best first; none asks for plain bytes.
    public var codings: [Coding]
    /// The path of a socket to connect to instead of the URL's host and port.
    public var unixSocket: String?

    /// A request; without more, a GET with 30 s of time for at most 16 MiB.
    public init(
        _ method: String = "GET", _ url: HTTPAddress, fields: HTTPFields = HTTPFields(),
        body: [UInt8]? = nil, timeout: Duration = .seconds(30),
        bodyLimitBytes: Int? = 16 << 20, codings: [Coding] = [.gzip], unixSocket: String? = nil
    ) {
        self.method = method
        self.url = url
        self.fields = fields
        self.body = body
        self.timeout = timeout
        self.bodyLimitBytes = bodyLimitBytes
        self.codings = codings
        self.unixSocket = unixSocket
    }

    /// Throws where HTTP does not allow a part of it.
    func check() throws(HTTPFetchError) {
        let isMethod = !method.isEmpty && method.utf8.allSatisfy { (65...90).contains($0) }
        guard isMethod else {
            throw .invalidOption(name: "method", reason: "write it in capitals, such as GET")
        }
        try fields.check()
    }
}
