import CMicrohttpd
import Compression
import Threads

/// A streamed answer on its way from a task to libmicrohttpd.
final class BodyPipe: Sendable {
    /// A writer waits while more than this is queued.
    static let highWater = 256 * 1024
    /// The head leaves once so much is written.
    static let openingSize = 32 * 1024

    /// What waits for the head to leave.
    private struct Opening {
        var bytes: [UInt8] = []
        var open: (@Sendable () -> Void)?
    }

    private struct State {
        var pieces: [[UInt8]] = []
        var first = 0
        var offset = 0
        var queued = 0
        var total = 0
        var hasEnded = false
        var hasFailed = false
        var isClosed = false
        var isReaderWaiting = false
        var writers: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Locked(State())
    private let packing = Locked(PackedBody?.none)
    private let opening = Locked(Opening())
    private let loop: ServerLoop
    private let exchange: Exchange

    init(_ exchange: Exchange, _ loop: ServerLoop) { (self.exchange, self.loop) = (exchange, loop) }

    /// The bytes that were queued so far.
    var byteCount: Int { state.withLock { $0.total } }

    func packs(as coding: ContentCoding?) {
        guard let coding else { return }
        packing.withLock { $0 = PackedBody(coding) }
    }

    /// `open` is called once, before the first bytes go on.
    func opens(_ open: @escaping @Sendable () -> Void) { opening.withLock { $0.open = open } }

    func write(_ bytes: [UInt8]) async throws(HTTPServeError) {
        let (held, open) = opening.withLock { opening in
            guard opening.open != nil else { return ([UInt8]?.some(bytes), Self.nothing) }
            opening.bytes += bytes
            guard opening.bytes.count >= Self.openingSize else { return (nil, nil) }
            return (opening.bytes, Self.take(&opening))
        }
        guard let held else { return }
        open?()
        try await queue(packing.withLock { $0 }?.pack(held) ?? held)
    }

    /// Hands out what a packer holds back, and the head where it is still here.
    func flush() async throws(HTTPServeError) {
        let (held, open) = opening.withLock { ($0.bytes, Self.take(&$0)) }
        if let open {
            open()
            try await queue(packing.withLock { $0 }?.pack(held) ?? held)
        }
        if let packer = packing.withLock({ $0 }) { try await queue(packer.flush()) }
    }

    private static let nothing: (@Sendable () -> Void)? = nil

    private static func take(_ opening: inout Opening) -> (@Sendable () -> Void)? {
        defer { opening = Opening() }
        return opening.open
    }

    /// Nothing more will be written; the whole body where its head has not left yet.
    func finish() -> [UInt8]? {
        let (held, open) = opening.withLock { ($0.bytes, Self.take(&$0)) }
        if open != nil { return held }
        end(tail: packing.withLock { $0 }?.finish() ?? [], failed: false)
        return nil
    }

    /// What was written is not the whole: the client sees the connection cut, unless nothing has
    /// left yet, when this is false.
    func fail() -> Bool {
        if opening.withLock({ Self.take(&$0) }) != nil { return false }
        end(tail: [], failed: true)
        return true
    }

    private func end(tail: [UInt8], failed: Bool) {
        let wakes = state.withLock { state in
            if !tail.isEmpty { Self.append(tail, to: &state) }
            (state.hasEnded, state.hasFailed) = (true, failed)
            defer { state.isReaderWaiting = false }
            return state.isReaderWaiting
        }
        if wakes { loop.resume(exchange) }
    }

    /// Nobody reads any more.
    func close() {
        let writers = state.withLock { state in
            state.isClosed = true
            (state.pieces, state.first, state.offset, state.queued) = ([], 0, 0, 0)
            defer { state.writers = [] }
            return state.writers
        }
        for writer in writers { writer.resume() }
    }

    private func queue(_ bytes: [UInt8]) async throws(HTTPServeError) {
        if bytes.isEmpty {
            if state.withLock({ $0.isClosed }) { throw .clientGone }
            return
        }
        let (isClosed, wakes, isFull) = state.withLock { state in
            guard !state.isClosed else { return (true, false, false) }
            Self.append(bytes, to: &state)
            defer { state.isReaderWaiting = false }
            return (false, state.isReaderWaiting, state.queued > Self.highWater)
        }
        if wakes { loop.resume(exchange) }
        if isFull { await roomAgain() }
        if isClosed || state.withLock({ $0.isClosed }) { throw .clientGone }
    }

    private func roomAgain() async {
        await withCheckedContinuation { continuation in
            let waits = state.withLock { state in
                guard !state.isClosed, state.queued > Self.highWater / 2 else { return false }
                state.writers.append(continuation)
                return true
            }
            if !waits { continuation.resume() }
        }
    }

    private static func append(_ bytes: [UInt8], to state: inout State) {
        state.pieces.append(bytes)
        state.queued += bytes.count
        state.total += bytes.count
    }

    /// On the loop's thread: fills `room`, or suspends the connection until there is more.
    func read(into room: UnsafeMutableRawBufferPointer) -> Int {
        let (result, writers) = state.withLock { state in
            let count = Self.take(into: room, from: &state)
            var writers: [CheckedContinuation<Void, Never>] = []
            if state.queued <= Self.highWater / 2 { swap(&writers, &state.writers) }
            if count > 0 { return (count, writers) }
            if state.isClosed || state.hasFailed { return (endWithError, writers) }
            if state.hasEnded { return (endOfStream, writers) }
            state.isReaderWaiting = true
            return (0, writers)
        }
        // Before the writers go on: a resume that comes first would be lost.
        if result == 0 { loop.waitForMore(exchange) }
        for writer in writers { writer.resume() }
        return result
    }

    private static func take(
        into room: UnsafeMutableRawBufferPointer, from state: inout State
    ) -> Int {
        var count = 0
        while count < room.count, state.first < state.pieces.count {
            let taken = state.pieces[state.first].withUnsafeBytes { piece in
                let part = piece[state.offset...].prefix(room.count - count)
                UnsafeMutableRawBufferPointer(rebasing: room[count...]).copyMemory(
                    from: .init(rebasing: part))
                return part.count
            }
            count += taken
            state.offset += taken
            if state.offset == state.pieces[state.first].count {
                state.pieces[state.first] = []
                (state.first, state.offset) = (state.first + 1, 0)
            }
        }
        state.queued -= count
        if state.first == state.pieces.count {
            state.pieces.removeAll(keepingCapacity: true)
            state.first = 0
        }
        return count
    }
}

/// A body that is packed while it is written.
// Safe to share: the compressor is only touched with the lock held.
private final class PackedBody: @unchecked Sendable {
    private let lock = Locked(false)
    private var compressor: Compressor?

    // Lost: why there is no compressor, which can only be a lack of memory; the caller finds out.
    init?(_ coding: ContentCoding) {
        guard let made = try? Compressor(coding) else { return nil }
        compressor = consume made
    }

    func pack(_ bytes: [UInt8]) -> [UInt8] {
        run { (compressor, output) throws(CompressionError) in
            try compressor.compress(bytes, into: &output)
        }
    }

    func flush() -> [UInt8] {
        run { (compressor, output) throws(CompressionError) in try compressor.flush(into: &output) }
    }

    func finish() -> [UInt8] {
        run { (compressor, output) throws(CompressionError) in try compressor.finish(into: &output)
        }
    }

    private func run(
        _ step: (inout Compressor, inout [UInt8]) throws(CompressionError) -> Void
    ) -> [UInt8] {
        lock.withLock { _ in
            var output: [UInt8] = []
            guard var taken = compressor.take() else { return [] }
            // Lost: an error that packing plain bytes cannot have.
            try? step(&taken, &output)
            compressor = consume taken
            return output
        }
    }
}
