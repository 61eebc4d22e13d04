import Model

/// Finds the cheapest exact form of a column and writes it.
@safe struct ColumnWriter: ~Copyable {
    /// What is written.
    var tape = ByteTape()
    /// The column without specials, or its deltas.
    private let work: UnsafeMutablePointer<UInt64>
    private let integers: UnsafeMutablePointer<Int64>
    private let runs: UnsafeMutablePointer<Run>
    private var runCount = 0

    private struct Run {
        var start: Int
        var length: Int
        var bits: UInt64
    }

    // Safe, throughout: each buffer has room for the longest column, and `count` is at most that;
    // nobody else knows them.
    init() {
        unsafe work = .allocate(capacity: ColumnForm.longest)
        unsafe integers = .allocate(capacity: ColumnForm.longest)
        unsafe runs = .allocate(capacity: ColumnForm.mostRuns)
        unsafe work.initialize(repeating: 0, count: ColumnForm.longest)
        unsafe integers.initialize(repeating: 0, count: ColumnForm.longest)
    }

    deinit {
        unsafe work.deallocate()
        unsafe integers.deallocate()
        unsafe runs.deallocate()
    }

    /// Writes `count` values, `Absent` where nothing was said, and gives back how many bytes that
    /// took: none where they are all absent.
    mutating func write(_ column: UnsafePointer<UInt64>, count: Int) -> Int {
        precondition(count > 0 && count <= ColumnForm.longest, "BUG: a column too long or empty")
        let start = tape.count
        tape.reserve(ColumnForm.roomForOne)
        var differs: UInt64 = 0
        var hasSpecials = false
        let first = unsafe column[0]
        for index in 0..<count {
            let bits = unsafe column[index]
            differs |= bits ^ first
            hasSpecials = hasSpecials || ColumnForm.isSpecial(bits)
        }
        if differs == 0 && first == Absent.bits { return 0 }
        runCount = 0
        if hasSpecials {
            guard unsafe takeOutSpecials(column, count) else {
                unsafe work.update(from: column, count: count)
                writeXor(count)
                return tape.count - start
            }
        } else {
            unsafe work.update(from: column, count: count)
        }
        if let scale = scaleIntegers(count) {
            writeIntegers(count, scale: scale)
        } else {
            writeXor(count)
        }
        return tape.count - start
    }

    /// Fills `work` with the column, each special replaced by an ordinary value beside it; `false`
    /// where there are too many runs of specials or nothing else.
    private mutating func takeOutSpecials(
        _ column: UnsafePointer<UInt64>, _ count: Int
    ) -> Bool {
        var ordinary = 0
        while unsafe ordinary < count && ColumnForm.isSpecial(column[ordinary]) { ordinary += 1 }
        guard ordinary < count else { return false }
        var filling = unsafe column[ordinary]
        for index in 0..<count {
            let bits = unsafe column[index]
            guard ColumnForm.isSpecial(bits) else {
                filling = bits
                unsafe work[index] = bits
                continue
            }
            unsafe work[index] = filling
            if runCount > 0, unsafe runs[runCount - 1].bits == bits,
                unsafe runs[runCount - 1].start + runs[runCount - 1].length == index
            {
                unsafe runs[runCount - 1].length += 1
            } else {
                guard runCount < ColumnForm.mostRuns else {
                    runCount = 0
                    return false
                }
                unsafe (runs + runCount).initialize(to: Run(start: index, length: 1, bits: bits))
                runCount += 1
            }
        }
        return true
    }

    // Adding and taking away this rounds to an integer anything below 2^51.
    private static let magic = 6_755_399_441_055_744.0
    private static let limit = 2_251_799_813_685_248.0

    /// Fills `integers` with the values of `work` times ten to the power that comes back, if there
    /// is one from which division gives back every bit.
    private mutating func scaleIntegers(_ count: Int) -> Int? {
        var scale = 0
        var isSmall = true
        for index in 0..<count {
            let value = unsafe Double(bitPattern: work[index])
            guard value.magnitude < Self.limit else {
                isSmall = false
                break
            }
            while !Self.isExact(value, ColumnForm.powers[scale]) {
                scale += 1
                if scale == ColumnForm.powers.count { return nil }
            }
        }
        guard isSmall else { return largeIntegers(count) ? 0 : nil }
        let power = ColumnForm.powers[scale]
        var isExact = true
        for index in 0..<count {
            let value = unsafe Double(bitPattern: work[index])
            let shifted = value * power + Self.magic
            let rounded = shifted - Self.magic
            // The integer stands in the low bits of what the magic number was added to.
            unsafe integers[index] = Int64(
                bitPattern: shifted.bitPattern &- Self.magic.bitPattern)
            isExact =
                isExact && (rounded / power).bitPattern == value.bitPattern
                && rounded.magnitude < Self.limit
        }
        return isExact ? scale : nil
    }

    @inline(__always)
    private static func isExact(_ value: Double, _ power: Double) -> Bool {
        let scaled = value * power
        let rounded = (scaled + magic) - magic
        return scaled.magnitude < limit && (rounded / power).bitPattern == value.bitPattern
    }

    /// Integers beyond 2^51, which are doubles without a fraction for the most part.
    private mutating func largeIntegers(_ count: Int) -> Bool {
        for index in 0..<count {
            let value = unsafe Double(bitPattern: work[index])
            guard value.magnitude < 0x1p62, let integer = Int64(exactly: value),
                Double(integer).bitPattern == value.bitPattern
            else { return false }
            unsafe integers[index] = integer
        }
        return true
    }

    private mutating func writeIntegers(_ count: Int, scale: Int) {
        var (low, high) = unsafe (integers[0], integers[0])
        var (lowStep, highStep) = (Int64.max, Int64.min)
        for index in 1..<max(count, 1) {
            let value = unsafe integers[index]
            let step = unsafe value - integers[index - 1]
            low = min(low, value)
            high = max(high, value)
            lowStep = min(lowStep, step)
            highStep = max(highStep, step)
        }
        if low == high {
            writeConstant(low, scale: scale)
            return
        }
        let direct = ColumnForm.width(of: UInt64(bitPattern: high &- low))
        let delta = ColumnForm.width(of: UInt64(bitPattern: highStep &- lowStep))
        if min(direct, delta) == 64 {
            writeXor(count)
        } else if direct * count <= delta * (count - 1) + 8 {
            writeDirect(count, scale: scale, width: direct, base: low)
        } else {
            writeDelta(count, scale: scale, width: delta, slope: lowStep)
        }
    }

    private mutating func writeConstant(_ value: Int64, scale: Int) {
        guard scale == 0 else {
            writeDirect(0, scale: scale, width: 0, base: value)
            return
        }
        let base = ColumnForm.zigzag(value)
        putHead(ColumnForm.constant, base: base)
        tape.put(base, bytes: ColumnForm.bytes(of: base))
        putRuns()
    }

    private mutating func writeDirect(_ count: Int, scale: Int, width: Int, base low: Int64) {
        let base = ColumnForm.zigzag(low)
        putHead(ColumnForm.direct, base: base)
        tape.put(UInt8(scale))
        tape.put(UInt8(width))
        tape.put(base, bytes: ColumnForm.bytes(of: base))
        putRuns()
        for index in 0..<count {
            unsafe work[index] = UInt64(bitPattern: integers[index] &- low)
        }
        unsafe tape.putBits(work, count: count, width: width)
    }

    private mutating func writeDelta(_ count: Int, scale: Int, width: Int, slope: Int64) {
        let base = unsafe ColumnForm.zigzag(integers[0])
        let step = ColumnForm.zigzag(slope)
        putHead(ColumnForm.delta, base: base)
        tape.put(UInt8(scale | ColumnForm.bytes(of: step) << 4))
        tape.put(UInt8(width))
        tape.put(base, bytes: ColumnForm.bytes(of: base))
        tape.put(step, bytes: ColumnForm.bytes(of: step))
        putRuns()
        for index in 1..<count {
            unsafe work[index - 1] = UInt64(
                bitPattern: integers[index] &- integers[index - 1] &- slope)
        }
        unsafe tape.putBits(work, count: count - 1, width: width)
    }

    /// Writes the bits of `work`.
    private mutating func writeXor(_ count: Int) {
        let base = unsafe work[0]
        var all: UInt64 = 0
        // From behind, so that what stands before is still the value itself.
        for index in stride(from: count - 1, to: 0, by: -1) {
            unsafe work[index] ^= work[index - 1]
            all |= unsafe work[index]
        }
        var trailing = all == 0 ? 0 : all.trailingZeroBitCount
        let width = ColumnForm.width(of: all >> UInt64(trailing))
        if width == 64 { trailing = 0 }
        tape.put(
            ColumnForm.xor | (runCount > 0 ? ColumnForm.hasRuns : 0) | 8 << 4)
        tape.put(UInt8(trailing))
        tape.put(UInt8(width))
        tape.put(base, bytes: 8)
        putRuns()
        for index in 1..<max(count, 1) { unsafe work[index] &>>= UInt64(trailing) }
        unsafe tape.putBits(work + 1, count: count - 1, width: width)
    }

    private mutating func putHead(_ form: UInt8, base: UInt64) {
        let runs = runCount > 0 ? ColumnForm.hasRuns : 0
        tape.put(form | runs | UInt8(ColumnForm.bytes(of: base)) << 4)
    }

    private mutating func putRuns() {
        guard runCount > 0 else { return }
        tape.put(UInt8(runCount))
        for index in 0..<runCount {
            let run = unsafe runs[index]
            tape.put(UInt8(run.start))
            tape.put(UInt8(run.length))
            switch run.bits {
            case Absent.bits: tape.put(ColumnForm.Filling.absent)
            case StaleMarker.bits: tape.put(ColumnForm.Filling.stale)
            case StaleMarker.ordinaryNaNBits: tape.put(ColumnForm.Filling.nan)
            default:
                tape.put(ColumnForm.Filling.literal)
                tape.put(run.bits, bytes: 8)
            }
        }
    }
}
