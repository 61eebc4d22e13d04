// Spool: what cannot be committed now waits in files, and comes out again oldest first.
// In: records, which are bytes of somebody else's making. Out: the same, in the same order.
// Start at `Spool`; `Segment` is one file. Knows nothing of ticks, series or databases.
// Imports: Model, Processes.

public import Model
public import Processes

/// How much a spool may hold.
public struct SpoolOptions: Sendable {
    /// The most bytes of all files; beyond them the oldest file goes.
    public var byteLimit = 4 << 30
    /// What is older goes too; `nil` for any age.
    public var ageLimit: TimeSpan?
    /// A file that has so many bytes takes no more records.
    public var segmentBytes = 64 << 20

    /// 4 GiB of any age.
    public init() {}
}

/// What is known of a record without its bytes.
public struct RecordNote: Sendable, Hashable {
    /// The earliest and latest instant in it.
    public var times: ClosedRange<Timestamp>
    /// How many samples it holds.
    public var samples: Int

    /// A note of these.
    public init(times: ClosedRange<Timestamp>, samples: Int) {
        self.times = times
        self.samples = samples
    }
}

/// A record that came out.
public struct SpoolRecord: Sendable, Hashable {
    /// The file it is in, by number, and where there: together they name it.
    public let segment: UInt64
    /// The byte it begins at.
    public let offset: Int
    /// What is known of it.
    public let note: RecordNote
    /// The bytes that were put in.
    public let payload: [UInt8]
}

/// Something that happened to what is kept, which somebody has to hear of.
public enum SpoolEvent: Sendable, Hashable {
    /// A file ended in the middle of a record, which was being written as the power went: so many
    /// bytes were cut off.
    case cut(segment: UInt64, bytes: Int)
    /// Bytes that are no record, or were changed, lie in the folder `damaged` now. `note` is what
    /// their head says, where that is whole.
    case damaged(segment: UInt64, offset: Int, bytes: Int, note: RecordNote?)
    /// The oldest file had to go: too many bytes, or too old.
    case dropped(segment: UInt64, note: RecordNote?, bytes: Int)
}

/// Why a spool cannot take or give.
public enum SpoolError: Error, Equatable, CustomStringConvertible {
    /// The disk refused.
    case disk(ProcessError)
    /// Another process has this spool.
    case inUse(folder: String, process: Int?)
    /// It is not open now; why was said when it could not be opened.
    case notOpen(folder: String)

    /// A sentence: what is wrong.
    public var description: String {
        switch self {
        case .disk(let error): "the spool: \(error)"
        case .notOpen(let folder): "the spool \(folder) is not open"
        case .inUse(let folder, let process):
            "the spool \(folder) belongs to another process"
                + (process.map { " (\($0)); stop that first" } ?? "; stop that first")
        }
    }
}
