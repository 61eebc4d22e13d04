import Head

/// The rows of one tile turned into columns, window by window.
struct TileColumns: ~Copyable {
    private var values: [[Double]] = []
    private var counts: [Int] = []
    private var times: [Int64] = []
    private var next = 0

    /// Begins a tile whose clock has these windows.
    mutating func begin(_ windows: [Window]) {
        counts = windows.map(\.times.count)
        times = windows.flatMap(\.times)
        next = 0
        let size = Tick.tileWidth
        for index in counts.indices {
            let needed = counts[index] * size
            if index >= values.count { values.append([]) }
            if values[index].count != needed {
                values[index] = Array(repeating: Absent.value, count: needed)
            } else {
                for place in values[index].indices { values[index][place] = Absent.value }
            }
        }
    }

    /// Adds the row of the tick at `time`; rows come in the order of their times.
    mutating func add(_ row: [Double], at time: Int64) {
        while next < times.count, times[next] < time { next += 1 }
        guard next < times.count, times[next] == time else { return }
        let window = next / Chunk.maximumTicks
        let tick = next % Chunk.maximumTicks
        let count = counts[window]
        for position in row.indices where position < Tick.tileWidth {
            values[window][position * count + tick] = row[position]
        }
    }

    /// What the series at `position` said in a window, as a chunk.
    func encode(_ position: Int, window: Int, with encoder: inout ChunkEncoder) -> Chunk? {
        let count = counts[window]
        let range = position * count..<(position + 1) * count
        let columns = values[window]
        return encoder.encode(columns.span.extracting(range))
    }
}
