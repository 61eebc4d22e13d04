import Glibc

/// The series of all senders, found by the bytes that name them.
struct SeriesTable: ~Copyable {
    /// A series of a sender.
    struct Entry {
        var hash: UInt64
        /// Where the bytes that name it stand in `keys`.
        var key: Range<Int>
        /// Whose it is.
        var sender: Int
        /// Its number there.
        var number: UInt32
        /// The hash of what was said of its family last.
        var metadata: UInt64 = 0
        /// The round in which it last said something.
        var round: UInt32
    }

    private(set) var entries: [Entry] = []
    private var keys: [UInt8] = []
    private var slots = [UInt32](repeating: 0, count: 1024)
    /// Another one in each process, so that nobody can send names that all meet in one place.
    private let seed = UInt64.random(in: .min ... .max)

    /// The place in `entries` of the series that `key` names.
    @inline(__always)
    func find(_ key: Span<UInt8>, hash: UInt64) -> Int? {
        var place = Int(truncatingIfNeeded: hash) & (slots.count - 1)
        while slots[place] != 0 {
            let index = Int(slots[place]) - 1
            if entries[index].hash == hash, isKey(entries[index].key, key) { return index }
            place = (place + 1) & (slots.count - 1)
        }
        return nil
    }

    /// Adds a series that is not there.
    mutating func add(_ key: Span<UInt8>, hash: UInt64, sender: Int, number: UInt32) -> Int {
        if (entries.count + 1) * 2 > slots.count { rebuild(slots.count * 2) }
        let start = keys.count
        // Safe: the bytes are copied before the closure ends.
        unsafe key.withUnsafeBufferPointer { unsafe keys.append(contentsOf: $0) }
        entries.append(
            Entry(
                hash: hash, key: start..<keys.count, sender: sender, number: number, round: 0))
        place(entries.count - 1)
        return entries.count - 1
    }

    /// Notes that the series at `index` said something in `round`.
    @inline(__always)
    mutating func touch(_ index: Int, _ round: UInt32) { entries[index].round = round }

    /// Whether `metadata`, a hash, is something new for the series at `index`; it is noted.
    @inline(__always)
    mutating func isNews(_ metadata: UInt64, of index: Int) -> Bool {
        guard entries[index].metadata != metadata else { return false }
        entries[index].metadata = metadata
        return true
    }

    /// Forgets the series that `isGone` tells.
    mutating func removeAll(where isGone: (Entry) -> Bool) {
        var left: [Entry] = []
        var bytes: [UInt8] = []
        for var entry in entries where !isGone(entry) {
            let start = bytes.count
            bytes.append(contentsOf: keys[entry.key])
            entry.key = start..<bytes.count
            left.append(entry)
        }
        (entries, keys) = (left, bytes)
        rebuild(slots.count)
    }

    private func isKey(_ range: Range<Int>, _ key: Span<UInt8>) -> Bool {
        guard range.count == key.count else { return false }
        // Safe: both are read within their bounds, and not kept.
        return unsafe keys.withUnsafeBytes { all in
            unsafe key.withUnsafeBytes { key in
                guard let all = all.baseAddress, let bytes = key.baseAddress else { return true }
                return unsafe memcmp(all + range.lowerBound, bytes, range.count) == 0
            }
        }
    }

    private mutating func rebuild(_ size: Int) {
        slots = [UInt32](repeating: 0, count: size)
        for index in entries.indices { place(index) }
    }

    private mutating func place(_ index: Int) {
        var place = Int(truncatingIfNeeded: entries[index].hash) & (slots.count - 1)
        while slots[place] != 0 { place = (place + 1) & (slots.count - 1) }
        slots[place] = UInt32(index + 1)
    }

    /// The hash of the bytes that name a series: eight at a time, mixed by multiplication.
    @inline(__always)
    func hash(_ key: Span<UInt8>) -> UInt64 { Self.hash(key, seed: seed) }

    @inline(__always)
    static func hash(_ key: Span<UInt8>, seed: UInt64) -> UInt64 {
        var hash = seed ^ UInt64(truncatingIfNeeded: key.count)
        // Safe: every load lies within the bytes.
        unsafe key.withUnsafeBytes { bytes in
            var at = 0
            while at + 8 <= bytes.count {
                let word = unsafe bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self)
                hash = mix(hash ^ word)
                at += 8
            }
            var rest: UInt64 = 0
            while at < bytes.count {
                rest = rest << 8 | UInt64(unsafe bytes[at])
                at += 1
            }
            hash = mix(hash ^ rest)
        }
        return hash
    }

    @inline(__always)
    private static func mix(_ word: UInt64) -> UInt64 {
        let product = word.multipliedFullWidth(by: 0x9e37_79b9_7f4a_7c15)
        return product.high ^ product.low
    }
}
