import HTTPFetch
import Threads

/// The first bytes of an answer as they came, for those who want to see what a target said.
struct BodyRecording: Sendable {
    private(set) var bytes: [UInt8] = []
    private(set) var contentType = ""
    private(set) var status = 0
    /// Whether there was more than is kept.
    private(set) var isCut = false

    /// More of one body is not kept.
    static let limitBytes = 1 << 20

    /// Forgets what was there, and gives the memory that it took.
    mutating func drop() -> [UInt8] {
        var memory: [UInt8] = []
        swap(&memory, &bytes)
        return memory
    }

    /// Forgets what was there.
    mutating func begin() {
        bytes = []
        (contentType, status, isCut) = ("", 0, false)
    }

    /// Notes the head of an answer, whose bytes go into `memory`.
    mutating func take(_ head: HTTPResponse, memory: consuming [UInt8] = []) {
        bytes = memory
        contentType = head.fields["Content-Type"] ?? ""
        status = head.status
    }

    /// Adds a piece, as far as there is room.
    mutating func append(_ piece: Span<UInt8>) {
        let count = min(piece.count, Self.limitBytes - bytes.count)
        if count < piece.count { isCut = true }
        guard count > 0 else { return }
        // Safe: the bytes are copied before the closure ends.
        unsafe piece.extracting(0..<count).withUnsafeBufferPointer {
            unsafe bytes.append(contentsOf: $0)
        }
    }
}

/// Memory that one answer after another is recorded in, so that none has to be asked for.
final class SpareMemory: Sendable {
    private let blocks = Locked<[[UInt8]]>([])
    /// How many answers come in at a time, mostly.
    private static let limit = 4

    /// What was given back last, emptied.
    func take() -> [UInt8] { blocks.withLock { $0.popLast() ?? [] } }

    /// Keeps `block` for the next answer.
    func give(back block: consuming [UInt8]) {
        guard block.capacity > 0 else { return }
        block.removeAll(keepingCapacity: true)
        let block = block
        blocks.withLock { if $0.count < Self.limit { $0.append(block) } }
    }
}
