/// Which tiles stand side by side in a row or a block, and where each begins.
final class RowLayout: Sendable {
    /// The tiles, by number.
    let tiles: [TileRow]
    /// All their positions.
    let width: Int
    /// Per tile number: the place of its first position, -1 where the tile is not here.
    private let starts: [Int32]
    /// Per tile number: its index in `tiles`, -1 where the tile is not here.
    private let indices: [Int32]

    init(_ tiles: [TileRow]) {
        self.tiles = tiles
        let count = (tiles.last?.tile).map { Int($0) + 1 } ?? 0
        var starts = [Int32](repeating: -1, count: count)
        var indices = starts
        var width = 0
        for (index, tile) in tiles.enumerated() {
            starts[Int(tile.tile)] = Int32(width)
            indices[Int(tile.tile)] = Int32(index)
            width += tile.width
        }
        self.starts = starts
        self.indices = indices
        self.width = width
    }

    /// The index of the tile that `place` belongs to, where it and the position are here.
    @inline(__always)
    func tileIndex(of place: Place) -> Int? {
        guard place.tile < indices.count, indices[place.tile] >= 0 else { return nil }
        let index = Int(indices[place.tile])
        return place.position < tiles[index].width ? index : nil
    }

    /// Where in a row the value of `place` stands.
    @inline(__always)
    func index(of place: Place) -> Int? {
        tileIndex(of: place).map { _ in Int(starts[place.tile]) + place.position }
    }

    /// The layout with the tiles of all, each as wide as where it is widest.
    static func union(of layouts: [RowLayout]) -> RowLayout {
        guard let first = layouts.first else { return RowLayout([]) }
        guard layouts.contains(where: { $0 !== first }) else { return first }
        var widths: [UInt32: Int] = [:]
        for layout in layouts {
            for tile in layout.tiles { widths[tile.tile] = max(widths[tile.tile] ?? 0, tile.width) }
        }
        return RowLayout(
            widths.sorted { $0.key < $1.key }.map { TileRow(tile: $0.key, width: $0.value) })
    }
}

/// Where a series stands in the rows of a clock.
struct Place: Hashable, Comparable {
    let number: UInt32

    init(number: UInt32) { self.number = number }

    init(tile: Int, position: Int) {
        number = UInt32(tile * Tick.tileWidth + position)
    }

    /// No place in the rows: the clock has samples or histograms of the series beside them.
    static let beside = Place(number: .max)

    @inline(__always)
    var tile: Int { Int(number) / Tick.tileWidth }
    @inline(__always)
    var position: Int { Int(number) % Tick.tileWidth }

    static func < (left: Place, right: Place) -> Bool { left.number < right.number }
}

/// What a clock said at one tick.
struct Row: Sendable {
    let layout: RowLayout
    /// One value a position, `Absent` where nothing was said.
    let values: [Double]

    @inline(__always)
    func bits(of place: Place) -> UInt64 {
        layout.index(of: place).map { values[$0].bitPattern } ?? Absent.bits
    }
}
