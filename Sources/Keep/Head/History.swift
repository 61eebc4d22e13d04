import Model

/// What a clock said at its ticks: blocks, and rows behind them.
///
/// A copy is a snapshot.
struct History: Sendable {
    /// The instants of the ticks in memory, oldest first.
    private(set) var times: [Timestamp] = []
    /// The number of the first of them; ticks are counted from 0, since the clock was made.
    private(set) var first = 0
    /// What is compressed, oldest first; the oldest may begin before `first`.
    private(set) var blocks: [Block] = []
    /// What is not compressed yet.
    private(set) var rows: [Row] = []
    /// The newest row, also where it is compressed.
    private(set) var newest: Row?

    /// The tick behind the newest.
    var end: Int { first + times.count }
    /// The newest instant.
    var newestTime: Timestamp? { times.last }

    /// The bytes of all blocks and rows.
    var size: Int {
        blocks.reduce(0) { $0 + $1.size } + rows.reduce(0) { $0 + 8 * $1.values.count }
            + 8 * times.count
    }

    mutating func append(_ row: Row, at time: Timestamp) {
        times.append(time)
        rows.append(row)
        newest = row
    }

    /// Puts `block` in the place of the rows that it was made of, the oldest ones.
    mutating func replaceRows(with block: Block) {
        precondition(block.end <= end && block.count <= rows.count, "BUG: rows that are not there")
        rows.removeFirst(block.count)
        blocks.append(block)
    }

    /// Puts `block` in the place of those that it was made of, the newest ones.
    mutating func replaceBlocks(with block: Block) {
        blocks.removeAll { $0.first >= block.first && $0.end <= block.end }
        blocks.append(block)
    }

    /// Puts others in the place of all blocks and rows, for the same ticks.
    mutating func replace(blocks: [Block], rows: [Row], newest: Row?) {
        precondition(rows.count == self.rows.count, "BUG: rows that are not there")
        self.blocks = blocks
        self.rows = rows
        self.newest = newest
    }

    /// Forgets the ticks before `time`; says how many that were.
    mutating func drop(before time: Timestamp) -> Int {
        let count = times.firstIndex(notBefore: time)
        guard count > 0 else { return 0 }
        times.removeFirst(count)
        first += count
        blocks.removeAll { $0.end <= first }
        let firstRow = end - rows.count
        if firstRow < first { rows.removeFirst(min(first - firstRow, rows.count)) }
        return count
    }

    /// The numbers of the ticks in `range`.
    func ticks(in range: ClosedRange<Timestamp>) -> Range<Int> {
        let indices = times.indices(in: range)
        return (first + indices.lowerBound)..<(first + indices.upperBound)
    }

    /// The numbers of the ticks from `start` and before `end`.
    func ticks(from start: Timestamp, before end: Timestamp) -> Range<Int> {
        let low = times.firstIndex(notBefore: start)
        return (first + low)..<(first + max(low, times.firstIndex(notBefore: end)))
    }

    /// The instants of some ticks.
    func times(of ticks: Range<Int>) -> [Timestamp] {
        Array(times[(ticks.lowerBound - first)..<(ticks.upperBound - first)])
    }

    /// Reads what stood at `place` at `ticks` into `out`, `Absent` where that is nothing; `false`
    /// where it is nothing at all.
    ///
    /// Safe: `out` has room for all of `ticks`, and `spare` for the longest block.
    func read(
        _ place: Place, _ ticks: Range<Int>, into out: UnsafeMutablePointer<UInt64>,
        spare: UnsafeMutablePointer<UInt64>
    ) -> Bool {
        var isPresent = false
        for block in blocks where block.end > ticks.lowerBound && block.first < ticks.upperBound {
            let part = ticks.clamped(to: block.first..<block.end)
            let target = unsafe out + (part.lowerBound - ticks.lowerBound)
            if part.count == block.count {
                if unsafe block.read(place, into: target) {
                    isPresent = true
                    continue
                }
            } else if unsafe block.read(place, into: spare) {
                unsafe target.update(
                    from: spare + (part.lowerBound - block.first), count: part.count)
                isPresent = true
                continue
            }
            unsafe target.update(repeating: Absent.bits, count: part.count)
        }
        let firstRow = end - rows.count
        let part = ticks.clamped(to: firstRow..<end)
        for tick in part {
            let bits = rows[tick - firstRow].bits(of: place)
            unsafe out[tick - ticks.lowerBound] = bits
            if bits != Absent.bits { isPresent = true }
        }
        return isPresent
    }
}
