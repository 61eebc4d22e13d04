import Threads

/// Takes an answer while it comes in.
///
/// Both calls come from the one thread that carries all transfers: be quick, and never block. They
/// come one after another, and none comes after the fetch has returned or thrown.
public protocol BodyReader: AnyObject, Sendable {
    /// The head of the answer is there, redirects behind it; false leaves out the body.
    func begin(_ head: HTTPResponse) -> Bool
    /// The next bytes of the body, cut anywhere, decompressed; false ends the transfer at once.
    func read(_ piece: Span<UInt8>) -> Bool
}

/// Keeps the whole body.
final class CollectingReader: BodyReader {
    private let bytes = Locked<[UInt8]>([])

    func begin(_ head: HTTPResponse) -> Bool {
        bytes.withLock { $0 = [] }
        return true
    }

    func read(_ piece: Span<UInt8>) -> Bool {
        bytes.withLock { bytes in
            piece.withUnsafeBufferPointer { bytes.append(contentsOf: $0) }
        }
        return true
    }

    /// What came, once.
    func takeBytes() -> [UInt8] {
        bytes.withLock { bytes in
            defer { bytes = [] }
            return bytes
        }
    }
}
