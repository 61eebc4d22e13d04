/// Some ticks of a clock, compressed column by column; never changed.
///
///     tile offsets (4 bytes each) | tile | tile | …
///     tile: bytes a length takes (1 or 2) | length of each column | columns
final class Block: Sendable {
    /// The number of its first tick.
    let first: Int
    /// How many ticks it has.
    let count: Int
    let layout: RowLayout
    private let bytes: [UInt8]

    init(first: Int, count: Int, layout: RowLayout, bytes: [UInt8]) {
        self.first = first
        self.count = count
        self.layout = layout
        self.bytes = bytes
    }

    /// The tick behind its last.
    var end: Int { first + count }

    /// What its columns take in memory.
    var size: Int { bytes.count }

    /// Reads what stood at `place` into `out`, one value a tick; `false`, and nothing written,
    /// where that is nothing at all.
    func read(_ place: Place, into out: UnsafeMutablePointer<UInt64>) -> Bool {
        guard let tile = layout.tileIndex(of: place) else { return false }
        return unsafe bytes.withUnsafeBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return false }
            var walk = unsafe TileWalk(base, tile: tile, width: layout.tiles[tile].width)
            for _ in 0..<place.position { walk.skip() }
            return unsafe walk.read(count: count, into: out)
        }
    }

    /// Reads all columns of the tile at `index` of the layout: column n to `out + n * stride`.
    func readTile(_ index: Int, into out: UnsafeMutablePointer<UInt64>, stride: Int) {
        let width = layout.tiles[index].width
        unsafe bytes.withUnsafeBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return }
            var walk = unsafe TileWalk(base, tile: index, width: width)
            for position in 0..<width {
                let column = unsafe out + position * stride
                if unsafe !walk.read(count: count, into: column) {
                    unsafe column.update(repeating: Absent.bits, count: count)
                }
            }
        }
    }
}

/// Goes from column to column of a tile.
///
/// Safe: the offsets and lengths are those that `BlockBuilder` wrote for the very layout that the
/// block holds, and nobody goes past the width that stands in it.
@safe private struct TileWalk {
    private var lengths: UnsafeRawPointer
    private var column: UnsafePointer<UInt8>
    private let isWide: Bool

    init(_ base: UnsafePointer<UInt8>, tile: Int, width: Int) {
        let start = unsafe UnsafeRawPointer(base).loadUnaligned(
            fromByteOffset: 4 * tile, as: UInt32.self)
        let head = unsafe base + Int(start)
        isWide = unsafe head[0] == 2
        unsafe lengths = UnsafeRawPointer(head + 1)
        unsafe column = head + 1 + width * (isWide ? 2 : 1)
    }

    @inline(__always)
    private mutating func length() -> Int {
        let length: Int
        if isWide {
            length = Int(unsafe lengths.loadUnaligned(as: UInt16.self))
            unsafe lengths += 2
        } else {
            length = Int(unsafe lengths.load(as: UInt8.self))
            unsafe lengths += 1
        }
        return length
    }

    @inline(__always)
    mutating func skip() { unsafe column += length() }

    @inline(__always)
    mutating func read(count: Int, into out: UnsafeMutablePointer<UInt64>) -> Bool {
        let length = length()
        guard length > 0 else { return false }
        unsafe ColumnReader.read(column, count: count, into: out)
        unsafe column += length
        return true
    }
}
