import HTTPFetch
import Threads

/// Takes an answer of lines while it comes in, and hands them on piece by piece.
final class LineReader: BodyReader {
    private struct State {
        var isRefused = false
        var rest: [UInt8] = []
    }

    /// The whole lines of each piece that came, first of all none; ends with the answer.
    let pieces: AsyncStream<[[UInt8]]>
    private let lines: AsyncStream<[[UInt8]]>.Continuation
    private let state = Locked(State())
    private let longest: Int

    /// Gives up at a line of more than `longest` bytes.
    init(longest: Int = 32 << 20) {
        self.longest = longest
        (pieces, lines) = AsyncStream.makeStream()
    }

    /// The body of an answer that is no 200, up to a bound.
    var refusal: [UInt8] { state.withLock { $0.rest } }

    /// Keeps the lines of a 200 apart from the text of a refusal.
    func begin(_ head: HTTPResponse) -> Bool {
        state.withLock { $0 = State(isRefused: head.status != 200) }
        // An empty piece says that the server has begun to answer.
        if head.status == 200 { lines.yield([]) }
        return true
    }

    /// Hands on the lines that end in this piece.
    func read(_ piece: Span<UInt8>) -> Bool {
        let (whole, isBearable) = state.withLock { state -> ([[UInt8]], Bool) in
            if state.isRefused {
                for index in piece.indices where state.rest.count < 65_536 {
                    state.rest.append(piece[index])
                }
                return ([], true)
            }
            var whole: [[UInt8]] = []
            for index in piece.indices {
                let byte = piece[index]
                guard byte == UInt8(ascii: "\n") else {
                    state.rest.append(byte)
                    continue
                }
                if !state.rest.isEmpty { whole.append(state.rest) }
                state.rest = []
            }
            return (whole, state.rest.count <= longest)
        }
        if !whole.isEmpty { lines.yield(whole) }
        return isBearable
    }

    /// Says that no more will come.
    ///
    /// A rest without its end of line is dropped: it is the beginning of what was cut off.
    func finish() { lines.finish() }
}
