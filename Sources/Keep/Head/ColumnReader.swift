import Model

/// Reads back what `ColumnWriter` wrote.
@safe struct ColumnReader {
    private var at: UnsafePointer<UInt8>

    // Safe, throughout: the bytes were written by `ColumnWriter`, in this process, with padding
    // behind the last column, and `out` has room for `count` values.
    @inline(__always)
    static func read(
        _ bytes: UnsafePointer<UInt8>, count: Int, into out: UnsafeMutablePointer<UInt64>
    ) {
        var reader = unsafe ColumnReader(at: bytes)
        unsafe reader.read(count, out)
    }

    private init(at: UnsafePointer<UInt8>) { unsafe self.at = at }

    @inline(__always)
    private mutating func byte() -> UInt8 {
        let byte = unsafe at.pointee
        unsafe at += 1
        return byte
    }

    @inline(__always)
    private mutating func integer(bytes: Int) -> UInt64 {
        guard bytes > 0 else { return 0 }
        let word = unsafe UnsafeRawPointer(at).loadUnaligned(as: UInt64.self)
        unsafe at += bytes
        return word & (UInt64.max &>> UInt64(64 - 8 * bytes))
    }

    private mutating func read(_ count: Int, _ out: UnsafeMutablePointer<UInt64>) {
        let head = byte()
        let baseBytes = Int(head >> 4)
        let hasRuns = head & ColumnForm.hasRuns != 0
        switch head & ColumnForm.formMask {
        case ColumnForm.constant:
            let value = Double(ColumnForm.unzigzag(integer(bytes: baseBytes)))
            let runs = unsafe at
            unsafe out.update(repeating: value.bitPattern, count: count)
            if hasRuns { unsafe Self.fill(out, from: runs) }
        case ColumnForm.direct:
            let scale = Int(byte())
            let width = Int(byte())
            let base = ColumnForm.unzigzag(integer(bytes: baseBytes))
            let runs = unsafe at
            if hasRuns { skipRuns() }
            unsafe readDirect(count, out, scale: scale, width: width, base: base)
            if hasRuns { unsafe Self.fill(out, from: runs) }
        case ColumnForm.delta:
            let both = byte()
            let width = Int(byte())
            let base = ColumnForm.unzigzag(integer(bytes: baseBytes))
            let slope = ColumnForm.unzigzag(integer(bytes: Int(both >> 4)))
            let runs = unsafe at
            if hasRuns { skipRuns() }
            unsafe readDelta(
                count, out, scale: Int(both & 0x0f), width: width, base: base, slope: slope)
            if hasRuns { unsafe Self.fill(out, from: runs) }
        case ColumnForm.xor:
            let trailing = UInt64(byte())
            let width = Int(byte())
            let base = integer(bytes: 8)
            let runs = unsafe at
            if hasRuns { skipRuns() }
            unsafe readXor(count, out, trailing: trailing, width: width, base: base)
            if hasRuns { unsafe Self.fill(out, from: runs) }
        default: preconditionFailure("BUG: a column of no known form")
        }
    }

    @inline(__always)
    private func readDirect(
        _ count: Int, _ out: UnsafeMutablePointer<UInt64>, scale: Int, width: Int, base: Int64
    ) {
        let power = ColumnForm.powers[scale]
        let mask = Self.mask(width)
        var bit = 0
        for index in 0..<count {
            let value = base &+ Int64(bitPattern: bits(at: bit) & mask)
            let scaled = scale == 0 ? Double(value) : Double(value) / power
            unsafe out[index] = scaled.bitPattern
            bit += width
        }
    }

    @inline(__always)
    private func readDelta(
        _ count: Int, _ out: UnsafeMutablePointer<UInt64>, scale: Int, width: Int, base: Int64,
        slope: Int64
    ) {
        let power = ColumnForm.powers[scale]
        let mask = Self.mask(width)
        var bit = 0
        var value = base
        for index in 0..<count {
            let scaled = scale == 0 ? Double(value) : Double(value) / power
            unsafe out[index] = scaled.bitPattern
            value &+= slope &+ Int64(bitPattern: bits(at: bit) & mask)
            bit += width
        }
    }

    @inline(__always)
    private func readXor(
        _ count: Int, _ out: UnsafeMutablePointer<UInt64>, trailing: UInt64, width: Int,
        base: UInt64
    ) {
        let mask = Self.mask(width)
        var bit = 0
        var value = base
        for index in 0..<count {
            unsafe out[index] = value
            value ^= (bits(at: bit) & mask) &<< trailing
            bit += width
        }
    }

    @inline(__always)
    private static func mask(_ width: Int) -> UInt64 {
        width == 0 ? 0 : UInt64.max &>> UInt64(64 - width)
    }

    /// At least 57 bits from `bit` on, or 64 where `bit` begins a byte.
    @inline(__always)
    private func bits(at bit: Int) -> UInt64 {
        unsafe UnsafeRawPointer(at + bit &>> 3).loadUnaligned(as: UInt64.self)
            &>> UInt64(bit & 7)
    }

    private mutating func skipRuns() {
        let count = byte()
        for _ in 0..<count {
            unsafe at += unsafe at[2] == ColumnForm.Filling.literal ? 11 : 3
        }
    }

    private static func fill(_ out: UnsafeMutablePointer<UInt64>, from runs: UnsafePointer<UInt8>) {
        var reader = unsafe ColumnReader(at: runs)
        let count = reader.byte()
        for _ in 0..<count {
            let start = Int(reader.byte())
            let length = Int(reader.byte())
            let bits =
                switch reader.byte() {
                case ColumnForm.Filling.absent: Absent.bits
                case ColumnForm.Filling.stale: StaleMarker.bits
                case ColumnForm.Filling.nan: StaleMarker.ordinaryNaNBits
                default: reader.integer(bytes: 8)
                }
            unsafe (out + start).update(repeating: bits, count: length)
        }
    }
}
