/// A picture of dots, two by four of which stand in each character.
struct BrailleCanvas {
    /// The dots from left to right.
    let width: Int
    /// The dots from top to bottom.
    let height: Int
    private let columns: Int
    private var cells: [UInt8]
    /// Who drew last in each character.
    private var owners: [Int]

    /// Which bit a dot is, by row and column of its character.
    private static let bits: [[UInt8]] = [
        [0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80],
    ]
    private static let colours = [36, 33, 32, 35, 34, 31, 96, 93, 92, 95, 94, 91]

    /// An empty picture.
    init(columns: Int, rows: Int) {
        self.columns = columns
        (width, height) = (columns * 2, rows * 4)
        cells = [UInt8](repeating: 0, count: columns * rows)
        owners = [Int](repeating: 0, count: columns * rows)
    }

    /// Sets a dot; one outside of the picture is left out.
    mutating func dot(_ x: Int, _ y: Int, of owner: Int = 0) {
        guard (0..<width).contains(x), (0..<height).contains(y) else { return }
        let cell = y / 4 * columns + x / 2
        cells[cell] |= Self.bits[y % 4][x % 2]
        owners[cell] = owner
    }

    /// Sets the dots from one to another.
    mutating func line(from: (x: Int, y: Int), to: (x: Int, y: Int), of owner: Int = 0) {
        let steps = max(abs(to.x - from.x), abs(to.y - from.y))
        for step in 0...max(1, steps) {
            let share = steps == 0 ? 0 : Double(step) / Double(steps)
            dot(
                from.x + Int((share * Double(to.x - from.x)).rounded()),
                from.y + Int((share * Double(to.y - from.y)).rounded()), of: owner)
        }
    }

    /// One line of characters, without blanks at its end.
    func row(_ row: Int, isColoured: Bool = false) -> String {
        var text = ""
        var blanks = 0
        for column in 0..<columns {
            let cell = cells[row * columns + column]
            guard cell != 0, let scalar = Unicode.Scalar(0x2800 + UInt32(cell)) else {
                blanks += 1
                continue
            }
            text += String(repeating: " ", count: blanks)
            blanks = 0
            let mark = String(Character(scalar))
            text += isColoured ? Self.coloured(mark, owners[row * columns + column]) : mark
        }
        return text
    }

    /// `text` in the colour of `owner`.
    static func coloured(_ text: String, _ owner: Int) -> String {
        "\u{1b}[\(colours[owner % colours.count])m\(text)\u{1b}[0m"
    }
}
