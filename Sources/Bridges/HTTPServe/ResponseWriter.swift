/// Where the body of a streamed answer is written.
///
/// The head leaves once 32 KB are written, or at `flush`: an error before that is answered with a
/// status, and a body that is shorter has its length told.
public struct ResponseWriter: Sendable {
    let pipe: BodyPipe

    /// Hands `bytes` on, waiting while the client is more than 256 KB behind.
    ///
    /// It throws `clientGone` once nobody reads the answer.
    public func write(_ bytes: [UInt8]) async throws(HTTPServeError) { try await pipe.write(bytes) }

    /// Hands the UTF-8 of `text` on, waiting while the client is more than 256 KB behind.
    public func write(_ text: String) async throws(HTTPServeError) {
        try await pipe.write(Array(text.utf8))
    }

    /// Lets the client see all that was written so far, also where the body is packed.
    public func flush() async throws(HTTPServeError) { try await pipe.flush() }
}

/// What is answered in place of a streamed answer whose writer throws it.
///
/// Once the first bytes have left, it cuts the connection like any other error.
public struct AnswerInstead: Error {
    /// The other answer, whose body is at hand.
    public let response: ServerResponse
    /// Why, for the failure hook where it is too late to answer.
    public let reason: any Error

    /// Answers so instead.
    public init(_ response: ServerResponse, because reason: any Error) {
        (self.response, self.reason) = (response, reason)
    }
}

/// The body of a request, piece by piece as it arrives.
public struct RequestBodyStream: Sendable {
    let pipe: UploadPipe

    /// The next piece, `nil` at the end; one reader at a time.
    ///
    /// It throws `clientGone` where the body was cut off and `bodyTooLarge` beyond the limit. The
    /// client is not read from while nobody asks for more.
    public func next() async throws(HTTPServeError) -> [UInt8]? { try await pipe.next() }
}
