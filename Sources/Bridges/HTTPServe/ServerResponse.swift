/// One answer: status, fields, and a body of bytes or of pieces written one by one.
public struct ServerResponse: Sendable {
    /// What follows the head.
    public enum Body: Sendable {
        /// Bytes that are at hand.
        case bytes([UInt8])
        /// What the closure writes, with as much of it in memory as the client is behind.
        ///
        /// It is cancelled when the client goes away; when it throws, the connection is cut so
        /// that the client cannot take the piece it has for the whole, unless nothing has left yet.
        case stream(@Sendable (ResponseWriter) async throws -> Void)
    }

    /// Whether a body is packed for clients that accept it.
    public enum Compression: Sendable {
        /// Where it is text or JSON and long enough to be worth it.
        case automatic
        /// Never, because it is packed already for instance.
        case never
    }

    /// The status code.
    public var status: Int
    /// The header fields; Date, Content-Length and Connection are added by the server.
    public var fields: HeaderFields
    /// What follows the head.
    public var body: Body
    /// Whether the body is packed.
    public var compression = Compression.automatic

    /// An answer with a body of `bytes`, which may be none.
    public init(status: Int = 200, fields: HeaderFields = [:], bytes: [UInt8] = []) {
        (self.status, self.fields, body) = (status, fields, .bytes(bytes))
    }

    /// An answer whose body `write` writes.
    public init(
        status: Int = 200, fields: HeaderFields = [:],
        stream write: @escaping @Sendable (ResponseWriter) async throws -> Void
    ) {
        (self.status, self.fields, body) = (status, fields, .stream(write))
    }

    /// An answer in plain text.
    public static func text(_ text: String, status: Int = 200) -> ServerResponse {
        ServerResponse(
            status: status, fields: ["Content-Type": "text/plain; charset=utf-8"],
            bytes: Array(text.utf8))
    }

    /// An answer in JSON, which `bytes` already are.
    public static func json(_ bytes: [UInt8], status: Int = 200) -> ServerResponse {
        ServerResponse(
            status: status, fields: ["Content-Type": "application/json"], bytes: bytes)
    }
}
