/// Where the body of a streamed answer is written.
public struct ResponseWriter: Sendable {
    /// Hands `bytes` on, waiting while the client is far behind.
    ///
    /// It throws `clientGone` once nobody reads the answer.
    public func write(_ bytes: [UInt8]) async throws(HTTPServeError) {}

    /// Hands the UTF-8 of `text` on, waiting while the client is far behind.
    public func write(_ text: String) async throws(HTTPServeError) {
        try await write(Array(text.utf8))
    }
}

/// The body of a request, piece by piece as it arrives.
public struct RequestBodyStream: Sendable {
    /// The next piece, `nil` at the end.
    ///
    /// It throws `clientGone` where the body was cut off and `bodyTooLarge` beyond the limit. The
    /// client is not read from while nobody asks for more.
    public func next() async throws(HTTPServeError) -> [UInt8]? { nil }
}
