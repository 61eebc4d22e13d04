/// Runs work over many rows on all cores, in pieces that let other tasks in between.
enum Chunks {
    /// About how many values a piece makes.
    private static let pieceSize = 100_000

    /// What `body` gives for each piece of `0..<count`, in order.
    ///
    /// `weight` is about how many values a row makes: little work is not split. A piece has at
    /// least `minimum` rows.
    static func map<Result: Sendable>(
        _ count: Int, weight: Int, atLeast minimum: Int = 128,
        _ body: @escaping @Sendable (Range<Int>) throws(PromQLError) -> Result
    ) async throws(PromQLError) -> [Result] {
        let rows = max(minimum, pieceSize / max(1, weight), 1)
        guard count > rows * 3 / 2 else { return count == 0 ? [] : [try body(0..<count)] }
        let pieces = (count + rows - 1) / rows
        let all: [Swift.Result<Result, PromQLError>?] = await withTaskGroup { group in
            var results = [Swift.Result<Result, PromQLError>?](repeating: nil, count: pieces)
            var next = 0
            // Two at a time for each core: the order of ends does not matter, memory does.
            while next < min(pieces, 4) {
                let piece = next
                group.addTask { (piece, Self.run(piece, rows, count, body)) }
                next += 1
            }
            for await (piece, result) in group {
                results[piece] = result
                if case .failure = result {
                    group.cancelAll()
                    next = pieces
                }
                if next < pieces {
                    let piece = next
                    group.addTask { (piece, Self.run(piece, rows, count, body)) }
                    next += 1
                }
            }
            return results
        }
        var results: [Result] = []
        for case let result? in all { results.append(try result.get()) }
        return results
    }

    private static func run<Result>(
        _ piece: Int, _ rows: Int, _ count: Int,
        _ body: (Range<Int>) throws(PromQLError) -> Result
    ) -> Swift.Result<Result, PromQLError> {
        do throws(PromQLError) {
            return .success(try body((piece * rows)..<min(count, (piece + 1) * rows)))
        } catch {
            return .failure(error)
        }
    }
}
