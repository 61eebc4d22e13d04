import Model
import Processes

/// The 40 bytes before each record: a mark, lengths, the checksum, and what is known of it.
struct RecordHead: Hashable {
    static let size = 40
    /// "WSR1": what a search for the next record looks for.
    static let mark: [UInt8] = Array("WSR1".utf8)

    var payloadBytes: Int
    var note: RecordNote
    /// Over the payload.
    var payloadSum: UInt32

    /// The most bytes of one record.
    static let payloadLimit = 1 << 30

    init(_ payload: Span<UInt8>, _ note: RecordNote) {
        payloadBytes = payload.count
        self.note = note
        payloadSum = Checksum.crc32c(payload)
    }

    /// The whole head; its last four bytes are the checksum of those before.
    var bytes: [UInt8] {
        var bytes = Self.mark
        func add(_ value: some FixedWidthInteger) {
            var rest = value
            for _ in 0..<MemoryLayout.size(ofValue: value) {
                bytes.append(UInt8(truncatingIfNeeded: rest))
                rest >>= 8
            }
        }
        add(UInt32(payloadBytes))
        add(payloadSum)
        add(UInt64(note.samples))
        add(note.times.lowerBound.milliseconds)
        add(note.times.upperBound.milliseconds)
        add(Checksum.crc32c(bytes.span))
        return bytes
    }

    /// The head that `bytes` begin with; `nil` where they do not begin with a whole one.
    init?(_ bytes: ArraySlice<UInt8>) {
        guard bytes.count >= Self.size, bytes.starts(with: Self.mark) else { return nil }
        var at = bytes.startIndex + Self.mark.count
        func take<Number: FixedWidthInteger>(_ type: Number.Type) -> Number {
            var value: Number = 0
            for index in 0..<MemoryLayout<Number>.size {
                value |= Number(truncatingIfNeeded: bytes[at + index]) << Number(8 * index)
            }
            at += MemoryLayout<Number>.size
            return value
        }
        payloadBytes = Int(take(UInt32.self))
        payloadSum = take(UInt32.self)
        let samples = take(UInt64.self)
        let (first, last) = (take(Int64.self), take(Int64.self))
        let sum = take(UInt32.self)
        guard payloadBytes <= Self.payloadLimit, samples <= UInt64(Int32.max), first <= last,
            sum == Checksum.crc32c(Array(bytes.prefix(Self.size - 4)).span)
        else { return nil }
        note = RecordNote(
            times: Timestamp(milliseconds: first)...Timestamp(milliseconds: last),
            samples: Int(samples))
    }
}

extension RecordNote {
    /// What is known of both together.
    func joined(with other: RecordNote?) -> RecordNote {
        guard let other else { return self }
        let first = min(times.lowerBound, other.times.lowerBound)
        let last = max(times.upperBound, other.times.upperBound)
        return RecordNote(times: first...last, samples: samples + other.samples)
    }
}
