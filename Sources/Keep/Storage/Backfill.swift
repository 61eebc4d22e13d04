import Head
public import Model
public import Postgres

/// Takes old samples in, any amount in constant memory: they are sorted into days and written as
/// chunks at once.
///
///     let series = backfill.introduce(labels)
///     backfill.add(time, value, to: series)
///     if backfill.isFull { try await backfill.flush(…) }
public struct Backfill: ~Copyable {
    /// What one series said, in the order in which it came.
    struct Column {
        let labels: Labels
        var times: [Int64] = []
        var values: [Double] = []
    }

    /// What became of the samples that were flushed.
    public struct Outcome: Sendable, Equatable {
        /// Samples that are in chunks.
        public var sealed = 0
        /// Samples that are beside them, since something was there already; a merge folds them in.
        public var late = 0
        /// Samples at times that cannot be stored.
        public var refused = 0
        /// The oldest and the newest.
        public var range: ClosedRange<Timestamp>?

        /// Nothing yet.
        public init() {}
    }

    private let pool: PostgresPool
    private let sampleLimit: Int
    private var columns: [Column] = []
    private var sampleCount = 0
    private var metadata: [FamilyMetadata] = []
    private var exemplars: [(series: Int, point: ExemplarPoint)] = []
    private var clocks = BackfillClocks()
    private var metrics: [String: Int32] = [:]
    /// What became of all samples so far.
    public private(set) var outcome = Outcome()

    /// Writes through `pool`, so many samples at a time.
    public init(pool: PostgresPool, sampleLimit: Int = 4_000_000) {
        self.pool = pool
        self.sampleLimit = sampleLimit
    }

    /// The number of a series, up to the next flush.
    public mutating func introduce(_ labels: Labels) -> Int {
        columns.append(Column(labels: labels))
        return columns.count - 1
    }

    /// Takes a sample of the series with this number; of two with one time the later one counts.
    @inline(__always)
    public mutating func add(_ time: Int64, _ value: Double, to series: Int) {
        columns[series].times.append(time)
        columns[series].values.append(value.isAbsent ? .nan : value)
        sampleCount += 1
    }

    /// Gives the sample at `time` that was taken last these bits.
    public mutating func replace(_ time: Int64, with value: Double, in series: Int) {
        guard let place = columns[series].times.lastIndex(of: time) else { return }
        columns[series].values[place] = value.isAbsent ? .nan : value
    }

    /// Takes an exemplar of the series with this number.
    public mutating func add(_ exemplar: ExemplarPoint, to series: Int) {
        exemplars.append((series, exemplar))
    }

    /// Takes what is said of a family.
    public mutating func add(_ metadata: FamilyMetadata) { self.metadata.append(metadata) }

    /// Whether it is time to flush.
    public var isFull: Bool { sampleCount >= sampleLimit || exemplars.count >= sampleLimit / 40 }

    /// Writes all that was taken in one commit, with a note how far the input is; numbers of series
    /// mean nothing afterwards.
    public mutating func flush(noting mark: BackfillMark?) async throws(StorageError) {
        let (columns, metadata, exemplars) = (columns, metadata, exemplars)
        let (clocks, metrics) = (clocks, metrics)
        self.columns.removeAll(keepingCapacity: true)
        self.metadata.removeAll()
        self.exemplars.removeAll()
        sampleCount = 0
        do throws(PostgresError) {
            let done = try await pool.run { connection throws(PostgresError) in
                var work = BackfillFlush(clocks: clocks, metrics: metrics)
                try work.run(columns, metadata, exemplars, mark, connection)
                return (work.clocks, work.metrics, work.outcome)
            }
            (self.clocks, self.metrics) = (done.0, done.1)
            add(done.2)
        } catch {
            throw .database(error)
        }
    }

    private mutating func add(_ part: Outcome) {
        outcome.sealed += part.sealed
        outcome.late += part.late
        outcome.refused += part.refused
        guard let range = part.range else { return }
        let all = outcome.range ?? range
        outcome.range =
            min(all.lowerBound, range.lowerBound)...max(all.upperBound, range.upperBound)
    }
}

/// How far an input is taken in.
public struct BackfillMark: Sendable, Hashable {
    /// Which input.
    public var name: String
    /// How many of its bytes are samples by now.
    public var bytes: Int
    /// How many samples that were.
    public var samples: Int
    /// The last `# TYPE` line before.
    public var typeLine: String
    /// Whether that was all.
    public var isDone: Bool

    /// A mark of these.
    public init(name: String, bytes: Int, samples: Int, typeLine: String, isDone: Bool) {
        self.name = name
        self.bytes = bytes
        self.samples = samples
        self.typeLine = typeLine
        self.isDone = isDone
    }

    /// What was noted of `name`, if anything.
    public static func read(
        _ name: String, _ pool: PostgresPool
    ) async throws(StorageError) -> BackfillMark? {
        do throws(PostgresError) {
            return try await pool.run { connection throws(PostgresError) in
                let rows = try connection.query(
                    """
                    SELECT bytes, samples, type_line, is_done FROM weir_data.backfill
                    WHERE name = $1
                    """, [.text(name)])
                guard rows.rowCount > 0 else { return nil }
                return BackfillMark(
                    name: name, bytes: try rows.int(0, 0) ?? 0, samples: try rows.int(0, 1) ?? 0,
                    typeLine: try rows.text(0, 2) ?? "", isDone: try rows.bool(0, 3) ?? false)
            }
        } catch {
            throw .database(error)
        }
    }

    func write(_ connection: borrowing PostgresConnection) throws(PostgresError) {
        _ = try connection.execute(
            """
            INSERT INTO weir_data.backfill VALUES ($1, $2, $3, $4, $5)
            ON CONFLICT (name) DO UPDATE SET bytes = EXCLUDED.bytes, samples = EXCLUDED.samples,
                type_line = EXCLUDED.type_line, is_done = EXCLUDED.is_done, at = now()
            """,
            [
                .text(name), .int8(Int64(bytes)), .int8(Int64(samples)), .text(typeLine),
                .bool(isDone),
            ])
    }
}
