/// Makes blocks of rows, and one block of several.
@safe struct BlockBuilder: ~Copyable {
    private var writer = ColumnWriter()
    private var tape = ByteTape()
    /// One tile, column after column.
    private let matrix: UnsafeMutablePointer<UInt64>
    private let room = Tick.tileWidth * ColumnForm.longest

    init() {
        unsafe matrix = .allocate(capacity: room)
        unsafe matrix.initialize(repeating: Absent.bits, count: room)
    }

    // Safe: nobody else knows `matrix`.
    deinit { unsafe matrix.deallocate() }

    /// A block of `rows`, the first of which is tick number `first`.
    mutating func block(of rows: [Row], first: Int) -> Block {
        let layout = RowLayout.union(of: rows.map(\.layout))
        return unsafe build(layout, first: first, count: rows.count) { tile, matrix in
            for (tick, row) in rows.enumerated() {
                unsafe Self.spread(row, tile, into: matrix + tick, stride: rows.count)
            }
        }
    }

    /// One block of blocks that follow each other.
    mutating func block(merging blocks: [Block]) -> Block {
        let layout = RowLayout.union(of: blocks.map(\.layout))
        let first = blocks.first?.first ?? 0
        let count = blocks.reduce(0) { $0 + $1.count }
        return unsafe build(layout, first: first, count: count) { tile, matrix in
            for block in blocks {
                let column = unsafe matrix + (block.first - first)
                let start = Place(tile: Int(tile.tile), position: 0)
                var width = 0
                if let index = block.layout.tileIndex(of: start) {
                    width = block.layout.tiles[index].width
                    unsafe block.readTile(index, into: column, stride: count)
                }
                for position in width..<max(width, tile.width) {
                    unsafe (column + position * count).update(
                        repeating: Absent.bits, count: block.count)
                }
            }
        }
    }

    /// `block` without what stood at `places` at those of its ticks that are among `ticks`.
    mutating func block(of block: Block, without places: [Place], at ticks: Range<Int>) -> Block {
        let erased = ticks.clamped(to: block.first..<block.end)
        return unsafe build(block.layout, first: block.first, count: block.count) { tile, matrix in
            let start = Place(tile: Int(tile.tile), position: 0)
            guard let index = block.layout.tileIndex(of: start) else { return }
            unsafe block.readTile(index, into: matrix, stride: block.count)
            for place in places where place.tile == start.tile && place.position < tile.width {
                let column = unsafe matrix + place.position * block.count
                unsafe (column + (erased.lowerBound - block.first)).update(
                    repeating: Absent.bits, count: erased.count)
            }
        }
    }

    /// Safe: a tile has at most `Tick.tileWidth` columns of at most `ColumnForm.longest` ticks, and
    /// the matrix has room for them.
    private static func spread(
        _ row: Row, _ tile: TileRow, into out: UnsafeMutablePointer<UInt64>, stride: Int
    ) {
        let first = Place(tile: Int(tile.tile), position: 0)
        var width = 0
        if let index = row.layout.tileIndex(of: first), let start = row.layout.index(of: first) {
            width = row.layout.tiles[index].width
            let values = row.values.span.extracting(start..<(start + width))
            for position in 0..<width {
                unsafe out[position * stride] = values[position].bitPattern
            }
        }
        for position in width..<max(width, tile.width) {
            unsafe out[position * stride] = Absent.bits
        }
    }

    private mutating func build(
        _ layout: RowLayout, first: Int, count: Int,
        fill: (TileRow, UnsafeMutablePointer<UInt64>) -> Void
    ) -> Block {
        precondition(count <= ColumnForm.longest, "BUG: a block of too many ticks")
        tape.removeAll()
        tape.reserve(4 * layout.tiles.count)
        for _ in layout.tiles { tape.put(0, bytes: 4) }
        for (index, tile) in layout.tiles.enumerated() {
            tape.set(UInt32(tape.count), at: 4 * index)
            unsafe fill(tile, matrix)
            writeTile(width: tile.width, count: count)
        }
        return Block(
            first: first, count: count, layout: layout,
            bytes: tape.array(padding: ColumnForm.padding))
    }

    private mutating func writeTile(width: Int, count: Int) {
        writer.tape.removeAll()
        var lengths: [Int] = []
        lengths.reserveCapacity(width)
        for position in 0..<width {
            lengths.append(unsafe writer.write(matrix + position * count, count: count))
        }
        let bytesOfLength = lengths.contains { $0 > 255 } ? 2 : 1
        tape.reserve(1 + width * bytesOfLength)
        tape.put(UInt8(bytesOfLength))
        for length in lengths { tape.put(UInt64(length), bytes: bytesOfLength) }
        tape.append(writer.tape)
    }
}
