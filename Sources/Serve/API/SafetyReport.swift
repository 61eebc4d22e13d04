public import Model

/// How far what was scraped is safe, for readiness: numbers, and no names of anything.
public struct SafetyReport: Sendable {
    /// When samples were committed last; `nil` where this run committed none.
    public var lastCommit: Timestamp?
    /// Scrapes that wait in memory, and the bytes that they take.
    public var queue: (scrapes: Int, bytes: Int)
    /// Samples that wait in memory alone.
    public var waitingInMemory: Int
    /// Samples that wait in the spool, and the bytes that it takes.
    public var spool: (samples: Int, bytes: Int)
    /// The earliest instant in the spool.
    public var spoolOldest: Timestamp?
    /// Samples that are gone.
    public var lost: Int
    /// What does not work as it should, and since when where that is known.
    public var degraded: [(what: String, since: Timestamp?)]

    /// A report of these.
    public init(
        lastCommit: Timestamp?, queue: (scrapes: Int, bytes: Int), waitingInMemory: Int,
        spool: (samples: Int, bytes: Int), spoolOldest: Timestamp?, lost: Int,
        degraded: [(what: String, since: Timestamp?)]
    ) {
        (self.lastCommit, self.queue, self.waitingInMemory) = (lastCommit, queue, waitingInMemory)
        (self.spool, self.spoolOldest, self.lost) = (spool, spoolOldest, lost)
        self.degraded = degraded
    }

    /// The report as JSON, with the state of Weir before it.
    func json(state: Readiness.State, now: Timestamp) -> [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        writer.member("state", "\(state)")
        writer.key("lastCommitAgeSeconds")
        if let lastCommit {
            writer.plain(Double(now.milliseconds - lastCommit.milliseconds) / 1000)
        } else {
            writer.raw("null")
        }
        let numbers: [(String, Int)] = [
            ("queuedScrapes", queue.scrapes), ("queuedBytes", queue.bytes),
            ("samplesInMemory", waitingInMemory), ("samplesInSpool", spool.samples),
            ("spoolBytes", spool.bytes), ("samplesLost", lost),
        ]
        for (name, number) in numbers {
            writer.key(name)
            writer.number(Int64(number))
        }
        if let spoolOldest { writer.member("spoolFrom", spoolOldest.description) }
        writer.key("degraded")
        writer.beginList()
        for (what, since) in degraded {
            writer.beginObject()
            writer.member("what", what)
            if let since { writer.member("since", since.description) }
            writer.endObject()
        }
        writer.endList()
        writer.endObject()
        return writer.bytes
    }
}
