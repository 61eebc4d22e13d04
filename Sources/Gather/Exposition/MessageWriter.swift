import Model

/// Protocol Buffers as they go over the wire, each message after its length.
struct MessageWriter {
    /// Eight bytes that another value may be put into.
    struct Hole {
        enum Kind { case double, count, time }

        var place: Int
        var kind: Kind
        /// Whose value of the family's points; a time is that of all these.
        var points: Range<Int>
    }

    var bytes: [UInt8] = []
    /// Where the values stand, for as long as somebody wants to know.
    var holes: [Hole] = []
    var keepsHoles = false

    mutating func varint(_ field: Int, _ value: UInt64) {
        number(UInt64(field) << 3)
        number(value)
    }

    mutating func double(_ field: Int, _ value: Double) {
        number(UInt64(field) << 3 | 1)
        bits(value)
    }

    private mutating func bits(_ value: Double) {
        for shift in stride(from: UInt64(0), to: 64, by: 8) {
            bytes.append(UInt8(truncatingIfNeeded: value.bitPattern >> shift))
        }
    }

    mutating func text(_ field: Int, _ value: String) {
        number(UInt64(field) << 3 | 2)
        number(UInt64(value.utf8.count))
        bytes.append(contentsOf: value.utf8)
    }

    mutating func message(_ field: Int, _ fill: (inout MessageWriter) -> Void) {
        number(UInt64(field) << 3 | 2)
        delimited(fill)
    }

    /// A message behind its length.
    mutating func delimited(_ fill: (inout MessageWriter) -> Void) {
        let start = bytes.count
        bytes.append(0)
        fill(&self)
        let count = UInt64(bytes.count - start - 1)
        guard count > 0x7f else { return bytes[start] = UInt8(count) }
        // The length is longer than the byte that was left for it.
        var length = MessageWriter()
        length.number(count)
        bytes.replaceSubrange(start...start, with: length.bytes)
        for index in holes.indices.reversed() {
            guard holes[index].place > start else { break }
            holes[index].place += length.bytes.count - 1
        }
    }

    /// Signed numbers, the small ones short.
    mutating func signed(_ field: Int, _ value: Int64) {
        varint(field, UInt64(bitPattern: value << 1 ^ value >> 63))
    }

    mutating func packed(_ field: Int, _ values: [Int64]) {
        guard !values.isEmpty else { return }
        message(field) {
            for value in values { $0.number(UInt64(bitPattern: value << 1 ^ value >> 63)) }
        }
    }

    mutating func packed(_ field: Int, _ values: [Double]) {
        guard !values.isEmpty else { return }
        message(field) { for value in values { $0.bits(value) } }
    }

    /// The value of the family's point `index`.
    mutating func value(_ field: Int, _ value: Double, of index: Int) {
        if keepsHoles { hole(.double, of: index..<index + 1) }
        double(field, value)
    }

    /// A count: whole in one field, or not in the other.
    mutating func count(_ field: Int, orFloat other: Int, _ value: Double, of index: Int) {
        if !keepsHoles, value < 0 || UInt64(exactly: value) == nil { return double(other, value) }
        whole(field, value, of: index)
    }

    /// A count that can only be whole; what is not becomes none.
    mutating func whole(_ field: Int, _ value: Double, of index: Int) {
        guard keepsHoles else { return varint(field, UInt64(exactly: value) ?? 0) }
        hole(.count, of: index..<index + 1)
        padded(field)
    }

    /// The time of these points.
    mutating func time(_ field: Int, _ time: Timestamp, of points: Range<Int>) {
        guard keepsHoles else { return varint(field, UInt64(bitPattern: time.milliseconds)) }
        hole(.time, of: points)
        padded(field)
    }

    /// All fields with holes have numbers of one byte.
    private mutating func hole(_ kind: Hole.Kind, of points: Range<Int>) {
        holes.append(Hole(place: bytes.count + 1, kind: kind, points: points))
    }

    private mutating func padded(_ field: Int) {
        number(UInt64(field) << 3)
        for _ in 0..<8 { bytes.append(0) }
    }

    mutating func number(_ value: UInt64) {
        var rest = value
        while rest > 0x7f {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    mutating func label(_ label: Label, _ escaping: NameEscaping) {
        message(1) {
            $0.text(1, escaping.escape(label.name, isMetric: false))
            $0.text(2, label.value)
        }
    }
}
