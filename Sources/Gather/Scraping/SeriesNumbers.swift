import Model

/// The numbers under which the sink knows a target's series, found again by their labels.
///
/// Labels themselves are not kept, only a hash of 64 bits with a key that nobody knows: a target
/// has too few series for two of them to meet by chance.
struct SeriesNumbers: ~Copyable {
    /// Open-addressed; empty where nobody has looked for a while, to be made again from `hashes`.
    private var slots: [UInt32] = []
    /// By number, those of the reports among them.
    private var hashes = [UInt64](repeating: 0, count: Int(ReportSeries.end))
    private var users = [UInt32](repeating: 0, count: Int(ReportSeries.end))
    private var free: [UInt32] = []
    /// How many series there are.
    private(set) var count = 0

    /// One more than the highest number ever given.
    var end: Int { hashes.count }

    /// The number of the series with this hash; it has one user more then.
    mutating func use(_ hash: UInt64) -> UInt32? {
        unpack()
        guard let number = number(of: hash) else { return nil }
        users[Int(number)] += 1
        return number
    }

    /// Gives back what finds series by their hashes, and room for numbers to come.
    mutating func pack() {
        if !slots.isEmpty { slots = [] }
        hashes.trim()
        users.trim()
    }

    /// Makes sure that series are found by their hashes.
    mutating func unpack() {
        guard slots.isEmpty else { return }
        var size = 16
        while size <= count * 2 { size *= 2 }
        rebuild(size)
    }

    /// The number of the series with this hash; to be unpacked first.
    func number(of hash: UInt64) -> UInt32? {
        precondition(!slots.isEmpty, "BUG: series are looked for in what was packed away")
        var place = Int(truncatingIfNeeded: hash) & (slots.count - 1)
        while slots[place] != 0 {
            let number = slots[place] - 1
            if hashes[Int(number)] == hash { return number }
            place = (place + 1) & (slots.count - 1)
        }
        return nil
    }

    /// What a series is found by.
    func hash(of number: UInt32) -> UInt64 { hashes[Int(number)] }

    /// Gives a new series a number; it has one user.
    mutating func add(_ hash: UInt64) -> UInt32 {
        unpack()
        count += 1
        if count * 2 > slots.count { rebuild(slots.count * 2) }
        let number: UInt32
        if let reused = free.popLast() {
            number = reused
            hashes[Int(number)] = hash
            users[Int(number)] = 1
        } else {
            number = UInt32(hashes.count)
            hashes.append(hash)
            users.append(1)
        }
        place(number)
        return number
    }

    /// One user less; true where there is none any more.
    mutating func drop(_ number: UInt32) -> Bool {
        users[Int(number)] -= 1
        return users[Int(number)] == 0
    }

    /// Whether nobody uses it.
    func isUnused(_ number: UInt32) -> Bool { users[Int(number)] == 0 }

    /// Forgets unused series; their numbers are given out again from now on.
    mutating func remove(_ numbers: [UInt32]) {
        guard !numbers.isEmpty else { return }
        free += numbers
        count -= numbers.count
        if !slots.isEmpty { rebuild(slots.count) }
    }

    private mutating func rebuild(_ size: Int) {
        slots = [UInt32](repeating: 0, count: size)
        let isFree = Set(free)
        for number in Int(ReportSeries.end)..<max(Int(ReportSeries.end), hashes.count)
        where !isFree.contains(UInt32(number)) {
            place(UInt32(number))
        }
    }

    private mutating func place(_ number: UInt32) {
        var place = Int(truncatingIfNeeded: hashes[Int(number)]) & (slots.count - 1)
        while slots[place] != 0 { place = (place + 1) & (slots.count - 1) }
        slots[place] = number + 1
    }

    /// The hash of a label set, another one in each process.
    static func hash(_ labels: Labels) -> UInt64 {
        var hasher = Hasher()
        for label in labels {
            combine(label.name, into: &hasher)
            combine(label.value, into: &hasher)
        }
        return UInt64(bitPattern: Int64(hasher.finalize()))
    }

    private static func combine(_ text: String, into hasher: inout Hasher) {
        // Safe: the bytes are hashed before the closure ends. Native strings always lend theirs.
        unsafe text.utf8.withContiguousStorageIfAvailable { bytes in
            unsafe hasher.combine(bytes: UnsafeRawBufferPointer(bytes))
        }
        hasher.combine(UInt8(0xff))
    }
}

extension Array {
    /// Gives back what is held for elements to come, where it is worth it.
    mutating func trim() {
        guard capacity > count + count / 8 + 16 else { return }
        var exact: [Element] = []
        exact.reserveCapacity(count)
        exact.append(contentsOf: self)
        self = exact
    }
}
