import Glibc

/// Each text once, as a small number, for as long as somebody holds it.
struct Symbols: ~Copyable {
    private struct Record: BitwiseCopyable {
        var start: UInt64
        var length: UInt32
        var hash: UInt32
        var holders: UInt32
    }

    private var records = Pool<Record>()
    private var bytes = Pool<UInt8>()
    private var index = HashIndex()
    private var free: [UInt32] = []
    /// Bytes of texts that nobody holds any more.
    private var wasted = 0

    /// What all of it takes in memory.
    var size: Int { records.size + bytes.size + index.size + free.capacity * 4 }

    /// How many texts there are.
    var count: Int { index.count }

    func find(_ text: UnsafeBufferPointer<UInt8>) -> UInt32? {
        unsafe find(text, UInt32(truncatingIfNeeded: ByteHash.of(text)))
    }

    @inline(__always)
    private func find(_ text: UnsafeBufferPointer<UInt8>, _ hash: UInt32) -> UInt32? {
        index.find(hash) { number in
            guard records[Int(number)].hash == hash else { return false }
            return unsafe isText(number, text)
        }
    }

    /// Whether symbol `number` is `text`.
    @inline(__always)
    func isText(_ number: UInt32, _ text: UnsafeBufferPointer<UInt8>) -> Bool {
        unsafe withText(number) { own in
            guard own.count == text.count else { return false }
            guard let left = own.baseAddress, let right = text.baseAddress else { return true }
            return unsafe memcmp(left, right, text.count) == 0
        }
    }

    /// The number of `text`, held once more.
    mutating func hold(_ text: UnsafeBufferPointer<UInt8>) -> UInt32 {
        let hash = unsafe UInt32(truncatingIfNeeded: ByteHash.of(text))
        if let known = unsafe find(text, hash) {
            records.update(at: Int(known)) { $0.holders += 1 }
            return known
        }
        let record = Record(
            start: UInt64(bytes.count), length: UInt32(text.count), hash: hash, holders: 1)
        unsafe bytes.append(text)
        let number: UInt32
        if let old = free.popLast() {
            number = old
            records[Int(old)] = record
        } else {
            number = UInt32(records.count)
            records.append(record)
        }
        index.insert(number, hash: hash) { records[Int($0)].hash }
        return number
    }

    /// Holds `number` once less, and forgets it when nobody holds it.
    mutating func release(_ number: UInt32) {
        let left = records.update(at: Int(number)) { record in
            record.holders -= 1
            return record.holders
        }
        guard left == 0 else { return }
        index.remove(number, hash: records[Int(number)].hash) { records[Int($0)].hash }
        wasted += Int(records[Int(number)].length)
        records.update(at: Int(number)) { $0.length = 0 }
        free.append(number)
        if wasted > 1 << 16 && wasted > bytes.count / 2 { compact() }
    }

    private mutating func compact() {
        var kept = Pool<UInt8>()
        for number in 0..<records.count where records[number].holders > 0 {
            let start = UInt64(kept.count)
            unsafe withText(UInt32(number)) { unsafe kept.append($0) }
            records.update(at: number) { $0.start = start }
        }
        swap(&kept, &bytes)
        wasted = 0
    }

    func length(of number: UInt32) -> Int { Int(records[Int(number)].length) }

    func text(_ number: UInt32) -> String {
        unsafe withText(number) { unsafe String(decoding: $0, as: UTF8.self) }
    }

    /// The bytes of `number`, while `body` runs.
    @inline(__always)
    func withText<Result>(
        _ number: UInt32, _ body: (UnsafeBufferPointer<UInt8>) -> Result
    ) -> Result {
        let record = records[Int(number)]
        let start = Int(record.start)
        return unsafe bytes.withValues(start..<(start + Int(record.length)), body)
    }
}
