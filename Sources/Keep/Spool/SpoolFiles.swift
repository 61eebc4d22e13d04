public import Model
import Processes

/// Records in numbered files of one folder, appended at one end and taken out at the other.
///
/// Not to be shared: its calls wait for the disk, so it belongs on a thread of its own.
public final class Spool {
    /// Where the files are.
    public let folder: String
    private let options: SpoolOptions
    private let lock: FileLock
    /// The oldest first.
    private var segments: [Segment] = []
    /// The newest one, as long as it takes records.
    private var current: DataFile?
    private var nextNumber: UInt64 = 1
    /// How many records of the oldest file were taken out for good.
    private var taken = 0
    private var isSynced = true
    private var events: [SpoolEvent] = []

    /// Opens the spool in `folder`, which is made where it is missing.
    ///
    /// What a crash left is put right and told by `takeEvents`; it never keeps a spool from opening.
    public init(_ folder: String, options: SpoolOptions = SpoolOptions()) throws(SpoolError) {
        self.folder = folder
        self.options = options
        let path = folder + "/lock"
        do throws(ProcessError) {
            try Files.makeFolder(folder)
            guard let lock = try FileLock(path) else {
                throw ProcessError.system(call: "lock", subject: path, code: 0)
            }
            self.lock = lock
        } catch {
            if case .system("lock", _, _) = error {
                throw .inUse(folder: folder, process: FileLock.holder(of: path))
            }
            throw .disk(error)
        }
        for number in Segment.numbers(in: folder) {
            nextNumber = number + 1
            // A file that cannot be read stays for whoever looks after the disk.
            if let scan = try? SegmentScan(
                number: number, path: Segment.path(number, in: folder))
            {
                recover(scan)
            }
        }
    }

    private func recover(_ scan: SegmentScan) {
        var segment = scan.segment
        for range in scan.damaged { setAside(range, of: segment, note: nil) }
        if let torn = scan.torn {
            events.append(.cut(segment: segment.number, bytes: segment.size - torn))
            // Left in place, it is cut again the next time.
            if let file = try? DataFile(segment.path) { try? file.cut(to: torn) }
            segment.size = torn
        }
        if segment.entries.isEmpty { Files.remove(segment.path) } else { segments.append(segment) }
    }

    /// What happened since the last call.
    public func takeEvents() -> [SpoolEvent] {
        defer { events = [] }
        return events
    }

    // MARK: What is there

    /// How many files there are.
    public var segmentCount: Int { segments.count }
    /// How many bytes they have.
    public var byteCount: Int { segments.reduce(0) { $0 + $1.size } }
    /// How many records are still to come out.
    public var recordCount: Int {
        segments.reduce(-min(taken, segments.first?.entries.count ?? 0)) { $0 + $1.entries.count }
    }
    /// What is known of all records that are still to come out; `nil` where there is none.
    public var note: RecordNote? {
        segments.indices.reduce(nil) { note, index in
            segments[index].note(from: index == 0 ? taken : 0)?.joined(with: note) ?? note
        }
    }
    /// The number of the file that takes records now; `nil` where there is none.
    public var currentSegment: UInt64? { current == nil ? nil : segments.last?.number }

    // MARK: Putting in

    /// The file that the next record goes to, begun if need be.
    public func segmentForNext() throws(SpoolError) -> UInt64 {
        do throws(ProcessError) { try makeRoom() } catch { throw .disk(error) }
        return segments[segments.count - 1].number
    }

    private func makeRoom() throws(ProcessError) {
        if let last = segments.last, current != nil, last.size >= options.segmentBytes {
            try close()
        }
        if current == nil { try begin() }
    }

    /// Adds a record; it is safe after `sync`.
    ///
    /// After a throw nothing of it is there.
    public func append(_ payload: Span<UInt8>, _ note: RecordNote) throws(SpoolError) {
        do throws(ProcessError) {
            try makeRoom()
            let head = RecordHead(payload, note)
            let headBytes = head.bytes
            let offset = segments[segments.count - 1].size
            do throws(ProcessError) {
                // The head comes last: without it a torn record is no record.
                try current?.write(payload, at: offset + RecordHead.size)
                try current?.write(headBytes.span, at: offset)
            } catch {
                // Lost is nothing: the next record is written over what is there.
                try? current?.cut(to: offset)
                throw error
            }
            let entry = Segment.Entry(offset: offset, head: head)
            segments[segments.count - 1].entries.append(entry)
            segments[segments.count - 1].size = entry.end
            isSynced = false
        } catch {
            throw .disk(error)
        }
        keepBounds()
    }

    /// Waits until all that was appended is safe on the disk.
    public func sync() throws(SpoolError) {
        guard !isSynced else { return }
        do throws(ProcessError) { try current?.sync() } catch { throw .disk(error) }
        isSynced = true
    }

    /// Lets the next record begin a new file.
    public func roll() throws(SpoolError) {
        do throws(ProcessError) { try close() } catch { throw .disk(error) }
    }

    private func close() throws(ProcessError) {
        if !isSynced { try current?.sync() }
        isSynced = true
        current = nil
    }

    private func begin() throws(ProcessError) {
        let path = Segment.path(nextNumber, in: folder)
        let header = Segment.header
        do throws(ProcessError) {
            current = try DataFile(path, makes: true)
            try current?.write(header.span, at: 0)
            try Files.syncFolder(folder)
        } catch {
            current = nil
            Files.remove(path)
            throw error
        }
        segments.append(Segment(number: nextNumber, path: path))
        nextNumber += 1
    }

    // MARK: Bounds

    /// Drops what is too old, or too much, as of `now`.
    public func keepBounds(now: Timestamp? = nil) {
        while segments.count > 1, byteCount > options.byteLimit { dropOldest() }
        guard let now, let limit = options.ageLimit else { return }
        while let last = segments.first?.note()?.times.upperBound, last < now - limit {
            dropOldest()
        }
    }

    private func dropOldest() {
        let segment = segments[0]
        events.append(
            .dropped(
                segment: segment.number, note: segment.note(from: taken), bytes: segment.size))
        removeOldest()
    }

    private func removeOldest() {
        if segments.count == 1, current != nil {
            current = nil
            isSynced = true
        }
        Files.remove(segments.removeFirst().path)
        taken = 0
    }

    // MARK: Taking out

    /// The oldest record, which stays until `finish`; `nil` where there is none.
    public func next() throws(SpoolError) -> SpoolRecord? {
        while let segment = segments.first {
            guard taken < segment.entries.count else {
                removeOldest()
                continue
            }
            let entry = segment.entries[taken]
            do throws(ProcessError) {
                if let payload = try Self.payload(of: entry, in: segment) {
                    return SpoolRecord(
                        segment: segment.number, offset: entry.offset, note: entry.head.note,
                        payload: payload)
                }
            } catch {
                throw .disk(error)
            }
            setAside(entry.offset..<entry.end, of: segment, note: entry.head.note)
            segments[0].entries.remove(at: taken)
        }
        return nil
    }

    /// The bytes of a record, or `nil` where they are not what was written.
    static func payload(
        of entry: Segment.Entry, in segment: Segment
    ) throws(ProcessError) -> [UInt8]? {
        let file = try DataFile(segment.path)
        let bytes = try file.read(entry.head.payloadBytes, at: entry.offset + RecordHead.size)
        let isWhole =
            bytes.count == entry.head.payloadBytes
            && Checksum.crc32c(bytes.span) == entry.head.payloadSum
        return isWhole ? bytes : nil
    }

    /// Forgets the record that `next` gave; the file goes with its last.
    ///
    /// False where the record had to make room meanwhile.
    @discardableResult
    public func finish(_ record: SpoolRecord) -> Bool {
        guard let segment = segments.first, segment.number == record.segment,
            taken < segment.entries.count, segment.entries[taken].offset == record.offset
        else { return false }
        taken += 1
        if taken == segment.entries.count { removeOldest() }
        return true
    }

    /// Gives the records of the oldest file once more, from its first.
    public func rewind() { taken = 0 }

    /// Takes a whole, checked record out that means nothing to whoever put it in.
    public func setAside(_ record: SpoolRecord) {
        guard let segment = segments.first, segment.number == record.segment,
            taken < segment.entries.count, segment.entries[taken].offset == record.offset
        else { return }
        let entry = segment.entries[taken]
        setAside(entry.offset..<entry.end, of: segment, note: entry.head.note)
        segments[0].entries.remove(at: taken)
    }

    /// How many damaged stretches are kept for whoever wants to look at them.
    private static let damagedLimit = 64

    private func setAside(_ range: Range<Int>, of segment: Segment, note: RecordNote?) {
        events.append(
            .damaged(
                segment: segment.number, offset: range.lowerBound, bytes: range.count, note: note))
        let damaged = folder + "/damaged"
        guard Files.names(in: damaged).count < Self.damagedLimit else { return }
        let target = damaged + "/\(segment.number)-\(range.lowerBound)"
        // Lost is the copy alone: what happened is told in any case.
        do throws(ProcessError) {
            try Files.makeFolder(damaged)
            let bytes = try DataFile(segment.path).read(range.count, at: range.lowerBound)
            if Files.kind(of: target) == .nothing {
                try DataFile(target, makes: true).write(bytes.span, at: 0)
            }
        } catch {}
    }
}
