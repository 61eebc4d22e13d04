import Head
import Model

extension Chunk {
    /// Writes what was said from tick `start` on, counted from 0, into `output`; `false` where the
    /// bytes are none that an encoder wrote.
    func decode(into output: inout MutableSpan<Double>, from start: Int) -> Bool {
        if let exact {
            guard start + output.count <= exact.count else { return false }
            for index in 0..<output.count { output[index] = exact[start + index] }
            return true
        }
        let line = ChunkLine(base: base, slope: slope)
        guard let bytes else {
            line.fill(&output, from: start)
            return true
        }
        // Safe: the span lives as long as the array it is of.
        return unsafe line.decode(bytes.span.bytes, into: &output, from: start)
    }
}

/// The line of a chunk, to which its bytes add.
struct ChunkLine {
    let base: Double
    let slope: Double

    /// The last tick that bytes with a long head reach; 0 for others.
    static func reach(of bytes: RawSpan) -> Int {
        guard bytes.byteCount >= Chunk.longHead, bytes.unsafeByte(0) & Chunk.Flag.framed != 0 else {
            return 0
        }
        return Int(bytes.number(4, 2))
    }

    /// Writes the line alone.
    func fill(_ output: inout MutableSpan<Double>, from start: Int) {
        if slope.bitPattern == 0 {
            // Not the sum, which would lose the sign of zero.
            for index in 0..<output.count { output[index] = base }
            return
        }
        for index in 0..<output.count { output[index] = base + slope * Double(start &+ index) }
    }

    /// Writes the line and the residuals of `bytes`, which may come from anywhere.
    func decode(
        _ bytes: RawSpan, into output: inout MutableSpan<Double>, from start: Int
    ) -> Bool {
        guard bytes.byteCount >= Chunk.shortHead else { return false }
        let head = bytes.unsafeByte(0)
        let width = Int(head & 7)
        let divisor = ChunkScale.divisor(bytes.unsafeByte(1))
        guard width <= 6 else { return false }
        guard head & Chunk.Flag.framed != 0 else {
            guard bytes.byteCount >= Chunk.shortHead + width * (start + output.count) else {
                return false
            }
            plain(bytes, width, divisor, &output, start)
            return true
        }
        return framed(bytes, width, divisor, &output, start)
    }

    private func plain(
        _ bytes: RawSpan, _ width: Int, _ divisor: Double, _ output: inout MutableSpan<Double>,
        _ start: Int
    ) {
        let offset = Chunk.shortHead &+ width &* start
        // A loop of its own for each width, so that none looks at the width at each step.
        switch width {
        case 0: each(&output, start, divisor) { _ in 0 }
        case 1: each(&output, start, divisor) { UInt64(bytes.unsafeByte(offset &+ $0)) }
        case 2: each(&output, start, divisor) { bytes.number(offset &+ 2 &* $0, 2) }
        case 3: each(&output, start, divisor) { bytes.number(offset &+ 3 &* $0, 3) }
        case 4: each(&output, start, divisor) { bytes.number(offset &+ 4 &* $0, 4) }
        default: each(&output, start, divisor) { bytes.number(offset &+ width &* $0, width) }
        }
    }

    @inline(__always)
    private func each(
        _ output: inout MutableSpan<Double>, _ start: Int, _ divisor: Double,
        _ residual: (Int) -> UInt64
    ) {
        for index in 0..<output.count {
            let whole = base + slope * Double(start &+ index) + Double(residual(index))
            unsafe output[unchecked: index] = whole / divisor
        }
    }

    private func framed(
        _ bytes: RawSpan, _ width: Int, _ divisor: Double, _ output: inout MutableSpan<Double>,
        _ start: Int
    ) -> Bool {
        guard bytes.byteCount >= Chunk.longHead else { return false }
        let first = Int(bytes.number(2, 2)) - 1
        let last = Int(bytes.number(4, 2)) - 1
        guard first >= 0, last >= first,
            bytes.byteCount >= Chunk.longHead + width * (last - first + 1)
        else { return false }
        let ends = bytes.unsafeByte(0) & Chunk.Flag.ends != 0
        let ones: UInt64 = (1 << UInt64(8 * width)) - 1
        let isConstant = width == 0 && slope.bitPattern == 0
        for index in 0..<output.count {
            let tick = start + index
            guard tick >= first, tick <= last else {
                output[index] = ends && tick == last + 1 ? StaleMarker.value : Absent.value
                continue
            }
            if isConstant {
                output[index] = base
                continue
            }
            let residual =
                width == 0 ? 0 : bytes.number(Chunk.longHead + width * (tick - first), width)
            if width > 0, residual >= ones - 1 {
                output[index] = residual == ones ? Absent.value : StaleMarker.value
            } else {
                output[index] = (base + slope * Double(tick) + Double(residual)) / divisor
            }
        }
        return true
    }
}

extension RawSpan {
    @inline(__always)
    fileprivate func unsafeByte(_ offset: Int) -> UInt8 {
        // Safe: every caller has compared the span's length with what it reads.
        unsafe unsafeLoad(fromUncheckedByteOffset: offset, as: UInt8.self)
    }

    /// The whole number of `width` bytes at `offset`, the highest first.
    @inline(__always)
    fileprivate func number(_ offset: Int, _ width: Int) -> UInt64 {
        var number: UInt64 = 0
        for byte in 0..<width { number = number << 8 | UInt64(unsafeByte(offset &+ byte)) }
        return number
    }
}
