import Model

/// A series' samples beside the ticks by time, each instant once: the older ones packed.
struct LooseColumn: Sendable {
    /// Some samples in two columns, their milliseconds and their values.
    private struct Packed: Sendable {
        let first: Timestamp
        let last: Timestamp
        let count: Int
        /// Where the values begin.
        let middle: Int
        let bytes: [UInt8]
    }

    /// A pack has this many samples when it is made.
    private static let packSize = 60
    /// This many stay as they are, since a late sample is seldom late by more.
    private static let looseSize = 8

    /// Oldest first.
    private var packs: [Packed] = []
    /// What comes after them.
    private var times: [Timestamp] = []
    private var values: [Double] = []

    var isEmpty: Bool { packs.isEmpty && times.isEmpty }
    /// The oldest instant.
    var first: Timestamp? { packs.first?.first ?? times.first }

    /// The newest sample.
    var newest: (time: Timestamp, value: Double)? {
        if let time = times.last, let value = values.last { return (time, value) }
        return samples(in: .distantPast...(.distantFuture)).last
    }

    /// Takes a sample; at an instant that is there already it takes the place of the older one.
    ///
    /// Instants more than 285,000 years from 1970 are not whole doubles, and not taken.
    mutating func insert(_ value: Double, at time: Timestamp) {
        guard time.milliseconds.magnitude <= 1 << 53 else { return }
        guard packs.last.map({ $0.last < time }) ?? true else {
            insertPacked(value, at: time)
            return
        }
        Self.insert(value, at: time, &times, &values)
        guard times.count >= Self.packSize + Self.looseSize else { return }
        packs.append(Self.pack(times[..<Self.packSize], values[..<Self.packSize]))
        times.removeFirst(Self.packSize)
        values.removeFirst(Self.packSize)
    }

    private static func insert(
        _ value: Double, at time: Timestamp, _ times: inout [Timestamp], _ values: inout [Double]
    ) {
        if times.last.map({ $0 < time }) ?? true {
            times.append(time)
            values.append(value)
            return
        }
        let index = times.firstIndex(notBefore: time)
        if times[index] == time {
            values[index] = value
        } else {
            times.insert(time, at: index)
            values.insert(value, at: index)
        }
    }

    private mutating func insertPacked(_ value: Double, at time: Timestamp) {
        guard let index = packs.firstIndex(where: { $0.last >= time }) else { return }
        var (times, values) = Self.unpack(packs[index])
        Self.insert(value, at: time, &times, &values)
        let half = times.count > ColumnForm.longest ? times.count / 2 : times.count
        packs[index] = Self.pack(times[..<half], values[..<half])
        if half < times.count {
            packs.insert(Self.pack(times[half...], values[half...]), at: index + 1)
        }
    }

    /// Forgets what was said before `time`.
    mutating func drop(before time: Timestamp) {
        packs.removeAll { $0.last < time }
        if let pack = packs.first, pack.first < time {
            let (times, values) = Self.unpack(pack)
            let start = times.firstIndex(notBefore: time)
            packs[0] = Self.pack(times[start...], values[start...])
        }
        let start = times.firstIndex(notBefore: time)
        times.removeFirst(start)
        values.removeFirst(start)
    }

    /// Forgets what was said in `range`.
    mutating func erase(in range: ClosedRange<Timestamp>) {
        for index in packs.indices.reversed()
        where packs[index].last >= range.lowerBound && packs[index].first <= range.upperBound {
            let (times, values) = Self.unpack(packs[index])
            let erased = times.indices(in: range)
            let kept = times.indices.filter { !erased.contains($0) }
            guard !kept.isEmpty else {
                packs.remove(at: index)
                continue
            }
            packs[index] = Self.pack(kept.map { times[$0] }[...], kept.map { values[$0] }[...])
        }
        let erased = times.indices(in: range)
        times.removeSubrange(erased)
        values.removeSubrange(erased)
    }

    /// The samples in `range`, oldest first.
    func samples(in range: ClosedRange<Timestamp>) -> [(time: Timestamp, value: Double)] {
        var found: [(time: Timestamp, value: Double)] = []
        for pack in packs where pack.last >= range.lowerBound && pack.first <= range.upperBound {
            let (times, values) = Self.unpack(pack)
            for index in times.indices(in: range) { found.append((times[index], values[index])) }
        }
        for index in times.indices(in: range) { found.append((times[index], values[index])) }
        return found
    }
}

extension LooseColumn {
    private static func pack(
        _ times: ArraySlice<Timestamp>, _ values: ArraySlice<Double>
    ) -> Packed {
        guard let first = times.first, let last = times.last else {
            preconditionFailure("BUG: a pack of nothing")
        }
        var writer = ColumnWriter()
        let middle = write(times.map { Double($0.milliseconds).bitPattern }, &writer)
        _ = write(values.map(\.bitPattern), &writer)
        return Packed(
            first: first, last: last, count: times.count, middle: middle,
            bytes: writer.tape.array(padding: ColumnForm.padding))
    }

    private static func write(_ bits: [UInt64], _ writer: inout ColumnWriter) -> Int {
        // Safe: as many values are read as there are.
        unsafe bits.withUnsafeBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return 0 }
            return unsafe writer.write(base, count: buffer.count)
        }
    }

    private static func unpack(_ pack: Packed) -> ([Timestamp], [Double]) {
        let times = read(pack, from: 0)
        let values = read(pack, from: pack.middle)
        return (
            times.map { Timestamp(milliseconds: Int64(Double(bitPattern: $0))) },
            values.map { Double(bitPattern: $0) }
        )
    }

    private static func read(_ pack: Packed, from start: Int) -> [UInt64] {
        var out = [UInt64](repeating: 0, count: pack.count)
        // Safe: `pack` wrote both columns, with padding behind the second, and neither is empty.
        unsafe pack.bytes.withUnsafeBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return }
            unsafe ColumnReader.read(base + start, count: pack.count, into: &out)
        }
        return out
    }
}
