public import Processes

/// What a file of a spool holds, for people; nothing is changed by looking.
public struct SegmentReport: Sendable, Hashable {
    /// The file.
    public let path: String
    /// How many bytes it has.
    public let bytes: Int
    /// How many whole records.
    public let records: Int
    /// What is known of them together.
    public let note: RecordNote?
    /// How many bytes are damaged.
    public let damagedBytes: Int
    /// How many bytes at the end are a record that was not written whole.
    public let tornBytes: Int
}

extension Spool {
    /// What the files in `folder` hold, the oldest first; `isThorough` reads every byte.
    ///
    /// It also works while a program uses the spool; what that is writing may then look torn.
    public static func look(
        at folder: String, isThorough: Bool
    ) throws(ProcessError) -> [SegmentReport] {
        var reports: [SegmentReport] = []
        for number in Segment.numbers(in: folder) {
            let path = Segment.path(number, in: folder)
            let scan = try SegmentScan(number: number, path: path)
            var segment = scan.segment
            var damaged = scan.damaged.reduce(0) { $0 + $1.count }
            if isThorough {
                var whole: [Segment.Entry] = []
                for entry in segment.entries {
                    if try payload(of: entry, in: segment) == nil {
                        damaged += entry.end - entry.offset
                    } else {
                        whole.append(entry)
                    }
                }
                segment.entries = whole
            }
            reports.append(
                SegmentReport(
                    path: path, bytes: segment.size, records: segment.entries.count,
                    note: segment.note(), damagedBytes: damaged,
                    tornBytes: scan.torn.map { segment.size - $0 } ?? 0))
        }
        return reports
    }
}
