import Head
import Model

/// Finds the cheapest form of what a series said in a window; keeps its scratch room.
struct ChunkEncoder: ~Copyable {
    private var numbers = WholeNumbers()
    private var proof: [Double] = []
    private var isFramed = false

    /// The values of one window, looked at once.
    private struct Shape {
        var first = -1
        var last = -1
        var present = 0
        var markers = 0
        var isConstant = true
    }

    /// `values` as a chunk, proven by decoding it; `nil` where the series said nothing.
    ///
    /// `Absent` stands for nothing. A framed chunk says how many ticks it has.
    mutating func encode(_ values: Span<Double>, isFramed: Bool = false) -> Chunk? {
        self.isFramed = isFramed
        var shape = Self.shape(of: values)
        guard shape.present > 0 else { return nil }
        let chunk = cheapest(values, &shape)
        if chunk.exact == nil, !proves(chunk, values) { return Self.exact(values) }
        return chunk
    }

    private mutating func cheapest(_ values: Span<Double>, _ shape: inout Shape) -> Chunk {
        // A marker at the end is a flag and not a residual.
        let endsStale = shape.markers == 1 && values[shape.last].isStaleMarker && shape.present > 1
        var last = shape.last
        if endsStale {
            last -= 1
            while values[last].isAbsent { last -= 1 }
            if last != shape.last - 1 { return withNumbers(values, shape.first, shape.last, false) }
        }
        let isWhole = last - shape.first + 1 == shape.present - (endsStale ? 1 : 0)
        let isConstant = isWhole && (shape.markers == 0 || endsStale) && shape.isConstant
        guard isConstant else { return withNumbers(values, shape.first, last, endsStale) }
        var chunk = Chunk(base: values[shape.first])
        if shape.first > 0 || shape.last < values.count - 1 || endsStale || isFramed {
            chunk.bytes = Self.longHead(0, ChunkScale.one, shape.first, last, endsStale)
        }
        return chunk
    }

    private mutating func withNumbers(
        _ values: Span<Double>, _ first: Int, _ last: Int, _ endsStale: Bool
    ) -> Chunk {
        guard numbers.read(values, first, last) else { return Self.exact(values) }
        let line = numbers.line()
        let isDense = first == 0 && last == values.count - 1 && !numbers.hasGaps
        let isFramed = !isDense || endsStale || isFramed
        // A frame keeps two residuals for what is no number.
        let needed = line.reach + (isFramed ? 2 : 0)
        var width = (64 - needed.leadingZeroBitCount + 7) / 8
        if isFramed && line.reach == 0 && !numbers.hasGaps { width = 0 }
        guard width <= 6 else { return Self.exact(values) }
        var chunk = Chunk(base: Double(line.base), slope: Double(line.slope))
        if !isFramed && width == 0 && numbers.scale == ChunkScale.one { return chunk }
        var bytes: [UInt8]
        if isFramed {
            bytes = Self.longHead(width, numbers.scale, first, last, endsStale)
        } else {
            bytes = [UInt8(width), numbers.scale]
        }
        numbers.appendResiduals(over: line, width: width, to: &bytes)
        chunk.bytes = bytes
        return chunk
    }

    private static func shape(of values: Span<Double>) -> Shape {
        var shape = Shape()
        var bits: UInt64 = 0
        for index in values.indices {
            let value = values[index]
            if value.isAbsent { continue }
            shape.last = index
            shape.present += 1
            if shape.first < 0 {
                shape.first = index
                bits = value.bitPattern
            }
            if value.isStaleMarker {
                shape.markers += 1
                // One that begins the chunk is no number to be constant.
                if shape.first == index { shape.isConstant = false }
            } else if value.bitPattern != bits {
                shape.isConstant = false
            }
        }
        return shape
    }

    private static func longHead(
        _ width: Int, _ scale: UInt8, _ first: Int, _ last: Int, _ endsStale: Bool
    ) -> [UInt8] {
        let flags = Chunk.Flag.framed | (endsStale ? Chunk.Flag.ends : 0)
        return [
            UInt8(width) | flags, scale, UInt8((first + 1) >> 8), UInt8((first + 1) & 255),
            UInt8((last + 1) >> 8), UInt8((last + 1) & 255),
        ]
    }

    private static func exact(_ values: Span<Double>) -> Chunk {
        var copy: [Double] = []
        copy.reserveCapacity(values.count)
        for index in values.indices { copy.append(values[index]) }
        return Chunk(exact: copy)
    }

    private mutating func proves(_ chunk: Chunk, _ values: Span<Double>) -> Bool {
        if proof.count != values.count { proof = Array(repeating: 0, count: values.count) }
        var output = proof.mutableSpan
        guard chunk.decode(into: &output, from: 0) else { return false }
        for index in values.indices where proof[index].bitPattern != values[index].bitPattern {
            return false
        }
        return true
    }
}
