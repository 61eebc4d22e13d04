import Model
import Processes

/// One file of a spool, by what its heads say: the payloads are looked at when they come out.
struct Segment {
    struct Entry: Hashable {
        let offset: Int
        let head: RecordHead
        var end: Int { offset + RecordHead.size + head.payloadBytes }
    }

    /// Files are numbered in the order in which they were begun.
    let number: UInt64
    let path: String
    var size: Int
    /// The records, oldest first.
    var entries: [Entry] = []

    /// The first bytes of every file.
    static let header = Array("WEIRSPL1".utf8)
    static let suffix = ".spool"

    /// A file that was just begun.
    init(number: UInt64, path: String) {
        (self.number, self.path) = (number, path)
        size = Self.header.count
    }

    /// The path of file `number`; sorted by their bytes, names stand in the order of the numbers.
    static func path(_ number: UInt64, in folder: String) -> String {
        let digits = String(number, radix: 16)
        return folder + "/" + String(repeating: "0", count: 16 - digits.utf8.count) + digits
            + suffix
    }

    /// The numbers of the files in `folder`, sorted.
    static func numbers(in folder: String) -> [UInt64] {
        Files.names(in: folder).compactMap { name in
            guard name.hasSuffix(suffix), name.utf8.count == 16 + suffix.utf8.count else {
                return nil
            }
            return UInt64(name.dropLast(suffix.utf8.count), radix: 16)
        }
    }

    /// What is known of all records from `first` on.
    func note(from first: Int = 0) -> RecordNote? {
        entries[min(first, entries.count)...].reduce(nil) { note, entry in
            entry.head.note.joined(with: note)
        }
    }
}

/// What a file of a spool turns out to hold.
struct SegmentScan {
    var segment: Segment
    /// Stretches that are no record, with records behind them or too long to be torn.
    var damaged: [Range<Int>] = []
    /// Where the file ends in the middle of a record.
    var torn: Int?

    /// Reads heads alone, and all bytes only where a head is not where it should be.
    init(number: UInt64, path: String) throws(ProcessError) {
        segment = Segment(number: number, path: path)
        let file = try DataFile(path)
        let size = try file.size()
        segment.size = size
        var at = Segment.header.count
        while at < size {
            let head = RecordHead(try file.read(RecordHead.size, at: at)[...])
            if let head {
                let entry = Segment.Entry(offset: at, head: head)
                if entry.end > size {
                    torn = at
                    return
                }
                segment.entries.append(entry)
                at = entry.end
                continue
            }
            guard let next = try Self.search(file, from: at + 1, size: size) else {
                let rest = try file.read(min(size - at, RecordHead.size), at: at)
                let isTorn = rest.count < RecordHead.size || rest.allSatisfy { $0 == 0 }
                if isTorn { torn = at } else { damaged.append(at..<size) }
                return
            }
            damaged.append(at..<next)
            at = next
        }
    }

    /// Where the next whole head begins.
    private static func search(
        _ file: borrowing DataFile, from start: Int, size: Int
    ) throws(ProcessError) -> Int? {
        let step = 1 << 20
        var at = start
        while at < size {
            // Heads on the border of two pieces are in the first.
            let bytes = try file.read(min(step + RecordHead.size, size - at), at: at)
            for index in 0..<min(step, bytes.count)
            where bytes[index] == RecordHead.mark[0] && RecordHead(bytes[index...]) != nil {
                return at + index
            }
            at += step
        }
        return nil
    }
}
