import Compression
import Head
import Model
import Processes
import Spool
import Telemetry
import Threads

/// The spool of ticks, on a thread of its own.
///
/// Every file of it tells by itself what its numbers mean: clocks by their keys, series by their
/// labels, tiles by who stands in them, each before its first use in the file.
actor TickSpool {
    /// What others see of it without waiting for its disk.
    struct Status: Sendable {
        var records = 0
        var segments = 0
        var bytes = 0
        /// The earliest instant in it.
        var oldest: Timestamp?
        /// Whether it cannot be used, and why.
        var fault: String?
        var isEmpty: Bool { records == 0 }
    }

    /// A record and what it says.
    struct Entry: Sendable {
        let record: SpoolRecord
        let batch: SpooledBatch
    }

    private let executor = ThreadExecutor(name: "spool")
    // Safe: the actor holds its executor.
    nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe executor.asUnownedSerialExecutor()
    }

    private let place: SpoolPlace
    private let run: String
    private let labels: @Sendable (SeriesID) -> Labels?
    private let tally: Locked<SampleTally>
    private let log: Log
    private let shared = Locked(Status())

    private var spool: Spool?
    private var directory = SpoolDirectory()
    private var lastSync = ContinuousClock.now

    init(
        _ place: SpoolPlace, run: String, tally: Locked<SampleTally>, log: Log,
        labels: @escaping @Sendable (SeriesID) -> Labels?
    ) {
        (self.place, self.run, self.tally, self.log) = (place, run, tally, log)
        self.labels = labels
    }

    /// What it holds now.
    nonisolated var status: Status { shared.withLock { $0 } }

    /// Opens it, once; what is left of an earlier run is told and will come out.
    ///
    /// Where there is none yet it is made if `makes` says so: who never needs it never has it.
    func open(makes: Bool = false) {
        guard spool == nil, makes || Files.kind(of: place.folder) == .folder else { return }
        var options = SpoolOptions()
        options.byteLimit = place.byteLimit
        options.segmentBytes = min(options.segmentBytes, max(1 << 16, place.byteLimit / 8))
        options.ageLimit = place.ageLimit
        // Others may have to pass through it, such as the user of Weir's own PostgreSQL.
        try? Files.makeFolder(Files.parent(of: Files.absolute(place.folder)), mode: 0o755)
        do throws(SpoolError) {
            let spool = try Spool(place.folder, options: options)
            self.spool = spool
            if let note = spool.note {
                tally.withLock { $0.recovered += note.samples }
                log.info(
                    "samples of an earlier run wait in the spool",
                    [
                        "samples": "\(note.samples)", "from": "\(note.times.lowerBound)",
                        "to": "\(note.times.upperBound)",
                    ])
            }
            // What is damaged was told by a head that is gone: it was never counted as recovered.
            tell(spool.takeEvents(), countsLost: false)
            spool.keepBounds(now: WallClock.now)
            publish()
        } catch {
            let before = shared.withLock { status in
                defer { status.fault = error.description }
                return status.fault
            }
            // It is tried over and over.
            guard before != error.description else { return }
            log.error(
                "cannot open the spool; working without it",
                ["error": error.description])
        }
    }

    /// Hears what `news` says of clocks and places; all news come by here, spooled or not.
    func note(_ news: TickQueue.News) throws(SpoolError) {
        if directory.note(news) == .contradiction { try roll() }
    }

    private func roll() throws(SpoolError) {
        try spool?.roll()
        directory.forgetTold()
    }

    /// Keeps a batch whose news were noted; throws where the disk cannot take it.
    func store(_ batch: TickQueue.Batch, isLast: Bool) throws(SpoolError) {
        guard let spool else { throw .notOpen(folder: place.folder) }
        defer { publish() }
        let segment = try spool.segmentForNext()
        directory.begin(segment)
        let news = directory.news(for: batch, labels)
        let spooled = SpooledBatch(run: run, news: news, ticks: batch.ticks)
        let samples = batch.ticks.reduce(0) { $0 + $1.sampleCount }
        let times = batch.ticks.map(\.time)
        let first = times.min() ?? batch.news.metadata.first?.time ?? .distantPast
        let note = RecordNote(times: first...max(first, times.max() ?? first), samples: samples)
        do throws(SpoolError) {
            // Lost is room on the disk alone: packing only fails without memory.
            let bytes = spooled.bytes
            let packed = (try? compress(bytes, as: .zstd, level: 1)) ?? bytes
            try spool.append(packed.span, note)
            if isLast { try sync() } else { try syncIfDue() }
        } catch {
            // What was told in it is not there.
            directory.forgetTold()
            throw error
        }
        tally.withLock { $0.spooled += samples }
        tell(spool.takeEvents())
    }

    /// Does `sync` where the last one was long enough ago.
    func syncIfDue() throws(SpoolError) {
        if ContinuousClock.now - lastSync >= place.syncEvery / 2 { try sync() }
    }

    /// Forces what was stored to the disk, and drops what is too old.
    func sync() throws(SpoolError) {
        lastSync = .now
        try spool?.sync()
        if let spool {
            spool.keepBounds(now: WallClock.now)
            tell(spool.takeEvents())
        }
    }

    /// The oldest batch, which stays until it is finished.
    func next() throws(SpoolError) -> Entry? {
        defer {
            if let spool { tell(spool.takeEvents()) }
            publish()
        }
        while let spool, let record = try spool.next() {
            if let batch = Self.batch(in: record) { return Entry(record: record, batch: batch) }
            spool.setAside(record)
        }
        return nil
    }

    private static func batch(in record: SpoolRecord) -> SpooledBatch? {
        // Lost is only the reason: the record is set aside, and that is told.
        let plain = try? inflate(record.payload, from: .zstd, limit: 1 << 30)
        return try? SpooledBatch(plain ?? record.payload)
    }

    /// Forgets a batch that the database has, but for `lost` of its samples.
    func finish(_ entry: Entry, lost: Int) {
        // One that had to go meanwhile was counted as lost; it is not, but that was said.
        if spool?.finish(entry.record) == true {
            let samples = entry.record.note.samples
            let lost = min(lost, samples)
            tally.withLock { tally in
                tally.committedFromSpool += samples - lost
                tally.lostFromSpool += lost
                tally.lastCommit = WallClock.now
            }
        }
        forgetIfGone()
        publish()
    }

    /// Keeps a batch that the database refuses out of the way.
    func refuse(_ entry: Entry) {
        guard let spool else { return }
        spool.setAside(entry.record)
        tell(spool.takeEvents())
        forgetIfGone()
        publish()
    }

    /// Lets go of it: another writer may open it now.
    func close() {
        // Lost is nothing that `sync` did not say before.
        try? sync()
        spool = nil
        directory.forgetTold()
        shared.withLock { $0 = Status() }
    }

    /// Begins the oldest file again.
    func rewind() { spool?.rewind() }

    private func forgetIfGone() {
        if spool?.currentSegment != directory.segment { directory.forgetTold() }
    }

    // MARK: What is told

    private func publish() {
        guard let spool else { return }
        let status = Status(
            records: spool.recordCount, segments: spool.segmentCount, bytes: spool.byteCount,
            oldest: spool.note?.times.lowerBound)
        shared.withLock { $0 = status }
    }

    private func tell(_ events: [SpoolEvent], countsLost: Bool = true) {
        for event in events {
            switch event {
            case .cut(let segment, let bytes):
                log.info(
                    "a record of the spool was not written to its end, as happens in a crash",
                    ["file": "\(segment)", "bytes": "\(bytes)"])
            case .damaged(let segment, let offset, let bytes, let note):
                if countsLost { lose(note) }
                log.error(
                    "a part of the spool is damaged and set aside",
                    [
                        "file": "\(segment)", "offset": "\(offset)", "bytes": "\(bytes)",
                        "samples": note.map { "\($0.samples)" } ?? "unknown",
                        "folder": place.folder + "/damaged",
                    ])
            case .dropped(let segment, let note, let bytes):
                lose(note)
                log.error(
                    "samples lost: the spool is full, or they are too old",
                    [
                        "file": "\(segment)", "bytes": "\(bytes)",
                        "samples": "\(note?.samples ?? 0)",
                        "from": note.map { "\($0.times.lowerBound)" } ?? "",
                        "to": note.map { "\($0.times.upperBound)" } ?? "",
                    ])
            }
        }
    }

    private func lose(_ note: RecordNote?) {
        guard let note else { return }
        tally.withLock { $0.lostFromSpool += note.samples }
    }
}
