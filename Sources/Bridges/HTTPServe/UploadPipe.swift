import Threads

/// A request body on its way from libmicrohttpd to a handler.
final class UploadPipe: Sendable {
    /// The client is not read from while more than this waits for the handler.
    static let highWater = 256 * 1024

    private struct State {
        var pieces: [[UInt8]] = []
        var queued = 0
        var total = 0
        var ending: Result<Void, HTTPServeError>?
        var isConnectionWaiting = false
        var reader: CheckedContinuation<Void, Never>?
    }

    private let state = Locked(State())
    private let limit: Int
    private let exchange: Exchange
    private let loop: ServerLoop

    init(_ exchange: Exchange, _ loop: ServerLoop, limit: Int) {
        (self.exchange, self.loop, self.limit) = (exchange, loop, limit)
    }

    /// What became of a piece.
    enum Reception {
        case taken, full, tooLarge
    }

    /// On the loop's thread: takes `bytes`, unless there is no room for now.
    func receive(_ bytes: UnsafeRawBufferPointer) -> Reception {
        let copy = [UInt8](bytes)
        let (reception, reader) = state.withLock { state in
            // Behind the end, or behind an error: read on, and forget it.
            if state.ending != nil {
                return (Reception.taken, CheckedContinuation<Void, Never>?.none)
            }
            if state.total + copy.count > limit {
                state.ending = .failure(.bodyTooLarge(limit: limit))
                return (.tooLarge, Self.wake(&state))
            }
            if state.queued > Self.highWater {
                state.isConnectionWaiting = true
                return (.full, nil)
            }
            state.pieces.append(copy)
            state.queued += copy.count
            state.total += copy.count
            return (.taken, Self.wake(&state))
        }
        reader?.resume()
        return reception
    }

    /// On the loop's thread: the body is there, or will never be.
    func end(_ ending: Result<Void, HTTPServeError>) {
        state.withLock { state in
            if state.ending == nil { state.ending = ending }
            return Self.wake(&state)
        }?.resume()
    }

    private static func wake(_ state: inout State) -> CheckedContinuation<Void, Never>? {
        defer { state.reader = nil }
        return state.reader
    }

    func next() async throws(HTTPServeError) -> [UInt8]? {
        while true {
            let (piece, ending, wakes) = state.withLock { state in
                let piece = state.pieces.isEmpty ? nil : state.pieces.removeFirst()
                state.queued -= piece?.count ?? 0
                let wakes = state.isConnectionWaiting && state.queued <= Self.highWater / 2
                if wakes { state.isConnectionWaiting = false }
                return (piece, state.ending, wakes)
            }
            if wakes { loop.resume(exchange) }
            if let piece { return piece }
            if let ending {
                try ending.get()
                return nil
            }
            await withCheckedContinuation { continuation in
                let waits = state.withLock { state in
                    guard state.pieces.isEmpty, state.ending == nil else { return false }
                    state.reader = continuation
                    return true
                }
                if !waits { continuation.resume() }
            }
        }
    }
}
