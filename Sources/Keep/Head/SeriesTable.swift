import Model

/// Every series that something in memory belongs to, with the index by label.
///
/// Names and values are interned, a pair of them is a number, a series is a run of such numbers in
/// one arena. Nothing here is safe to share: the head holds it in a lock.
struct SeriesTable: ~Copyable {
    /// One label, and who has it.
    struct Pair: BitwiseCopyable {
        var name: UInt32
        var value: UInt32
        var hash: UInt32
        /// Where it stands among the values of its name.
        var rank: UInt32
        var postings: Postings
    }

    struct Record: BitwiseCopyable {
        /// Where its pairs begin in the arena.
        var pairs: UInt32
        var hash: UInt32
        var pairCount: UInt16
        var isLive: Bool
        /// Whether `moreHomes` has more of them.
        var hasMoreHomes: Bool
        /// Where it stands first.
        var home: Home
    }

    /// A place in a clock where something of a series stands.
    struct Home: BitwiseCopyable, Hashable {
        var clock: UInt32
        var place: UInt32

        static let none = Home(clock: .max, place: .max)
    }

    /// A label's name and the labels that have it.
    struct Name {
        let text: String
        /// Numbers of pairs, in no order.
        var pairs: [UInt32] = []
    }

    private(set) var symbols = Symbols()
    private(set) var pairs = Pool<Pair>()
    private(set) var records = Pool<Record>()
    private(set) var names: [UInt32: Name] = [:]
    private var arena = Pool<UInt32>()
    private var pairIndex = HashIndex()
    private var seriesIndex = HashIndex()
    private var freePairs: [UInt32] = []
    /// Numbers that are free again, oldest first: the newest are used last.
    private var freeSeries: [UInt32] = []
    private var usedOfFree = 0
    /// Per length: where the arena has runs of that length to be used again.
    private var freeRuns: [Int: [UInt32]] = [:]
    private var moreHomes: [UInt32: [Home]] = [:]
    /// Counts the times that something was taken out.
    private(set) var generation = 0
    /// Counts the times that a series came to stand somewhere, or left.
    private(set) var moves = 0
    private var scratch: [UInt32] = []

    /// How many series there are.
    var count: Int { seriesIndex.count }
    /// How many labels there are, each once.
    var pairCount: Int { pairIndex.count }

    private var postingBytes = 0

    /// What all of it takes in memory, but for the lists of each name.
    var size: Int {
        symbols.size + pairs.size + records.size + arena.size + pairIndex.size + seriesIndex.size
            + postingBytes
    }

    // Safe: nobody uses the postings after this.
    deinit {
        for pair in 0..<pairs.count { pairs[pair].postings.remove() }
    }
}

// MARK: Adding

extension SeriesTable {
    /// The number of `labels`, new or known.
    mutating func add(_ labels: Labels) -> (series: SeriesID, isNew: Bool) {
        scratch.removeAll(keepingCapacity: true)
        var isKnown = true
        for label in labels {
            guard let pair = pair(label.name, label.value) else {
                isKnown = false
                break
            }
            scratch.append(pair)
        }
        if isKnown, let series = find(scratch) { return (SeriesID(number: series), false) }
        scratch.removeAll(keepingCapacity: true)
        for label in labels { scratch.append(hold(label.name, label.value)) }
        return (SeriesID(number: insert()), true)
    }

    /// The number of `labels`, if they are known.
    func find(_ labels: Labels) -> SeriesID? {
        var set: [UInt32] = []
        for label in labels {
            guard let pair = pair(label.name, label.value) else { return nil }
            set.append(pair)
        }
        return find(set).map { SeriesID(number: $0) }
    }

    private static func hash(_ set: [UInt32]) -> UInt32 {
        var hash: UInt64 = 0
        for pair in set { hash = ByteHash.mix(hash, UInt64(pair)) }
        return UInt32(truncatingIfNeeded: hash)
    }

    private func find(_ set: [UInt32]) -> UInt32? {
        let hash = Self.hash(set)
        return seriesIndex.find(hash) { series in
            let record = records[Int(series)]
            guard record.hash == hash, Int(record.pairCount) == set.count else { return false }
            for index in set.indices where arena[Int(record.pairs) + index] != set[index] {
                return false
            }
            return true
        }
    }

    private mutating func insert() -> UInt32 {
        let record = Record(
            pairs: run(of: scratch), hash: Self.hash(scratch), pairCount: UInt16(scratch.count),
            isLive: true, hasMoreHomes: false, home: .none)
        let number: UInt32
        // A number rests for as long as there are few of them.
        if freeSeries.count - usedOfFree > 1024 {
            number = freeSeries[usedOfFree]
            usedOfFree += 1
            if usedOfFree > freeSeries.count / 2 {
                freeSeries.removeFirst(usedOfFree)
                usedOfFree = 0
            }
            records[Int(number)] = record
        } else {
            number = UInt32(records.count)
            records.append(record)
        }
        seriesIndex.insert(number, hash: record.hash) { records[Int($0)].hash }
        for pair in scratch {
            postingBytes += pairs.update(at: Int(pair)) { pair in
                let before = pair.postings.size
                pair.postings.append(number)
                return pair.postings.size - before
            }
        }
        return number
    }

    private mutating func run(of set: [UInt32]) -> UInt32 {
        if let start = freeRuns[set.count]?.popLast() {
            for index in set.indices { arena[Int(start) + index] = set[index] }
            return start
        }
        let start = UInt32(arena.count)
        for pair in set { arena.append(pair) }
        return start
    }

    private static func hash(_ name: String, _ value: String) -> UInt32 {
        let first = unsafe name.withBytes { unsafe ByteHash.of($0) }
        let both = unsafe value.withBytes { unsafe ByteHash.of($0, seed: first) }
        return UInt32(truncatingIfNeeded: both)
    }

    /// The number of a label, if somebody has it.
    func pair(_ name: String, _ value: String) -> UInt32? {
        let hash = Self.hash(name, value)
        return pairIndex.find(hash) { number in
            let pair = pairs[Int(number)]
            guard pair.hash == hash else { return false }
            return unsafe name.withBytes { unsafe symbols.isText(pair.name, $0) }
                && value.withBytes { unsafe symbols.isText(pair.value, $0) }
        }
    }

    private mutating func hold(_ name: String, _ value: String) -> UInt32 {
        if let known = pair(name, value) { return known }
        let new = Pair(
            name: unsafe name.withBytes { unsafe symbols.hold($0) },
            value: unsafe value.withBytes { unsafe symbols.hold($0) },
            hash: Self.hash(name, value),
            rank: 0, postings: Postings())
        let number: UInt32
        if let old = freePairs.popLast() {
            number = old
            pairs[Int(old)] = new
        } else {
            number = UInt32(pairs.count)
            pairs.append(new)
        }
        pairIndex.insert(number, hash: new.hash) { pairs[Int($0)].hash }
        var entry = names.removeValue(forKey: new.name) ?? Name(text: name)
        pairs.update(at: Int(number)) { $0.rank = UInt32(entry.pairs.count) }
        entry.pairs.append(number)
        names[new.name] = entry
        return number
    }
}

// MARK: Reading

extension SeriesTable {
    /// Whether the number means a series now.
    func isLive(_ series: UInt32) -> Bool {
        Int(series) < records.count && records[Int(series)].isLive
    }

    /// Calls `body` with the number of each label of a series, in the order of the names.
    @inline(__always)
    func withPairs<Result>(
        of series: UInt32, _ body: (UnsafeBufferPointer<UInt32>) -> Result
    ) -> Result {
        let record = records[Int(series)]
        let start = Int(record.pairs)
        return unsafe arena.withValues(start..<(start + Int(record.pairCount)), body)
    }

    /// The number of a label's name, if any label has it.
    func name(_ text: String) -> UInt32? { unsafe text.withBytes { unsafe symbols.find($0) } }

    /// A label as text.
    func label(_ pair: UInt32) -> Label {
        let pair = pairs[Int(pair)]
        return Label(names[pair.name]?.text ?? "", symbols.text(pair.value))
    }

    /// The labels of a series.
    func labels(of series: UInt32) -> Labels {
        unsafe withPairs(of: series) { pairs in
            Labels(inOrder: unsafe pairs.map { label($0) })
        }
    }

    /// The labels of a series, those that were made before taken from `texts`.
    func labels(of series: UInt32, texts: inout [UInt32: Label]) -> Labels {
        let labels = unsafe withPairs(of: series) { pairs in
            unsafe pairs.map { pair in
                if let known = texts[pair] { return known }
                let label = label(pair)
                texts[pair] = label
                return label
            }
        }
        return Labels(inOrder: labels)
    }

    /// Whether something of a series stands at a home that `fits`.
    func hasHome(of series: UInt32, where fits: (Home) -> Bool) -> Bool {
        let record = records[Int(series)]
        if record.home != .none && fits(record.home) { return true }
        return record.hasMoreHomes && moreHomes[series]?.contains(where: fits) ?? false
    }

    /// Where something of a series stands.
    func homes(of series: UInt32) -> [Home] {
        let record = records[Int(series)]
        let first = record.home == .none ? [] : [record.home]
        return record.hasMoreHomes ? first + (moreHomes[series] ?? []) : first
    }

    /// Whether something of a series stands there.
    @inline(__always)
    func isHome(_ home: Home, of series: UInt32) -> Bool {
        let record = records[Int(series)]
        return record.home == home
            || record.hasMoreHomes && moreHomes[series]?.contains(home) ?? false
    }
}

// MARK: Homes and removal

extension SeriesTable {
    /// Something of `series` stands at `home` from now on.
    mutating func addHome(_ home: Home, to series: UInt32) {
        guard records[Int(series)].home != home else { return }
        moves += 1
        let isFirst = records.update(at: Int(series)) { record in
            guard record.home == .none else { return false }
            record.home = home
            return true
        }
        guard !isFirst else { return }
        var more = moreHomes[series] ?? []
        guard !more.contains(home) else { return }
        more.append(home)
        moreHomes[series] = more
        records.update(at: Int(series)) { $0.hasMoreHomes = true }
    }

    /// Nothing of `series` stands at `home` any more; says whether nothing stands anywhere.
    mutating func removeHome(_ home: Home, from series: UInt32) -> Bool {
        moves += 1
        var more = moreHomes.removeValue(forKey: series) ?? []
        more.removeAll { $0 == home }
        let isHomeless = records.update(at: Int(series)) { record in
            if record.home == home { record.home = more.popLast() ?? .none }
            record.hasMoreHomes = !more.isEmpty
            return record.home == .none
        }
        if !more.isEmpty { moreHomes[series] = more }
        return isHomeless
    }

    /// Takes out those of `series` that have no home, and gives back which those are.
    ///
    /// In one go for many, because each posting list is written anew once.
    mutating func remove(_ series: [UInt32]) -> [UInt32] {
        var gone: Set<UInt32> = []
        var affected: Set<UInt32> = []
        for number in series where isLive(number) && records[Int(number)].home == .none {
            gone.insert(number)
            unsafe withPairs(of: number) { pairs in
                unsafe affected.formUnion(pairs)
            }
        }
        guard !gone.isEmpty else { return [] }
        generation += 1
        for pair in affected { remove(gone, from: pair) }
        for number in gone {
            let record = records[Int(number)]
            seriesIndex.remove(number, hash: record.hash) { records[Int($0)].hash }
            freeRuns[Int(record.pairCount), default: []].append(record.pairs)
            records.update(at: Int(number)) { $0.isLive = false }
            freeSeries.append(number)
        }
        return Array(gone)
    }

    private mutating func remove(_ gone: Set<UInt32>, from number: UInt32) {
        let pair = pairs[Int(number)]
        let kept = pair.postings.filtered { gone.contains($0) }
        postingBytes += kept.size - pair.postings.size
        pair.postings.remove()
        pairs.update(at: Int(number)) { $0.postings = kept }
        if kept.count == 0 { forget(number, pair) }
    }

    private mutating func forget(_ number: UInt32, _ pair: Pair) {
        guard var name = names.removeValue(forKey: pair.name) else {
            preconditionFailure("BUG: a label without a name")
        }
        // The last of the name's values takes the place of this one.
        let last = name.pairs.removeLast()
        if last != number {
            name.pairs[Int(pair.rank)] = last
            pairs.update(at: Int(last)) { $0.rank = pair.rank }
        }
        if !name.pairs.isEmpty { names[pair.name] = name }
        pairIndex.remove(number, hash: pair.hash) { pairs[Int($0)].hash }
        freePairs.append(number)
        symbols.release(pair.name)
        symbols.release(pair.value)
    }
}
