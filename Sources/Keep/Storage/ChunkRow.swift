import Head
import Model
import Postgres

/// A chunk and where it belongs, as a row of `weir_data.chunk`.
struct ChunkRow: Sendable {
    /// The metric of a clock's own instants, whose `series` is the clock.
    static let instants: Int32 = 0

    var metric: Int32
    var series: Int32
    var clock: Int32
    var win: Int32
    var chunk: Chunk

    /// The order in which chunks lie on disk: a metric's side by side.
    static func isBefore(_ left: ChunkRow, _ right: ChunkRow) -> Bool {
        (left.metric, left.series, left.clock, left.win)
            < (right.metric, right.series, right.clock, right.win)
    }

    static let columns = "base, slope, metric, series, clock, win, bytes, exact"

    /// Writes `rows` in about their order, so that pages are full; into a table that this transaction made, so that nobody needs to
    /// look after them any more, where `isFresh`.
    static func copy(
        _ rows: [ChunkRow], into table: String, isFresh: Bool = false,
        as columns: String = columns, _ connection: borrowing PostgresConnection
    ) throws(PostgresError) {
        guard !rows.isEmpty else { return }
        let sql =
            "COPY \(table) (\(columns)) FROM STDIN (FORMAT binary\(isFresh ? ", FREEZE" : ""))"
        try connection.copyIn(sql) {
            writer throws(PostgresError) in
            for index in PagePacking.order(rows.map(\.pageBytes)) {
                try rows[index].write(to: &writer)
            }
        }
    }

    private func write(to writer: inout CopyWriter) throws(PostgresError) {
        try writer.startRow(fields: 8)
        // What is zero is left out, but not a zero with a sign.
        if chunk.base.bitPattern == 0 { writer.null() } else { writer.float8(chunk.base) }
        if chunk.slope.bitPattern == 0 { writer.null() } else { writer.float8(chunk.slope) }
        writer.int4(metric)
        writer.int4(series)
        writer.int4(clock)
        writer.int4(win)
        if let bytes = chunk.bytes {
            // Safe: the span lives as long as the array it is of.
            unsafe writer.bytes(bytes.span.bytes)
        } else {
            writer.null()
        }
        if let exact = chunk.exact {
            writer.float8s(exact.span, nullBits: Absent.bits)
        } else {
            writer.null()
        }
    }

    /// Reads a row of `columns`.
    init(_ row: inout CopyRow) throws(PostgresError) {
        let base = try row.double() ?? 0
        let slope = try row.double() ?? 0
        metric = Int32(try row.int() ?? 0)
        series = Int32(try row.int() ?? 0)
        clock = Int32(try row.int() ?? 0)
        win = Int32(try row.int() ?? 0)
        let bytes = try row.withBytes { span throws(PostgresError) in
            // Safe: the bytes are copied before the row goes.
            unsafe span.withUnsafeBytes { unsafe Array($0) }
        }
        var exact: [Double] = []
        let isExact = try row.append(to: &exact, missing: Absent.value)
        chunk = Chunk(base: base, slope: slope, bytes: bytes, exact: isExact ? exact : nil)
    }

    init(metric: Int32, series: Int32, clock: Int32, win: Int32, chunk: Chunk) {
        self.metric = metric
        self.series = series
        self.clock = clock
        self.win = win
        self.chunk = chunk
    }
}

/// The instants of one clock in one window.
struct Window: Sendable, Equatable {
    let clock: Int32
    let win: Int32
    let times: [Int64]

    /// Cuts `times`, which are in order and of one day, into windows; `taken` is the number of the
    /// window before, which the next one must not have.
    static func cut(_ times: ArraySlice<Int64>, of clock: Int32, after taken: Int32? = nil)
        -> [Window]
    {
        var windows: [Window] = []
        var start = times.startIndex
        var before = taken ?? .min
        while start < times.endIndex {
            let end = min(start + Chunk.maximumTicks, times.endIndex)
            let first = Timestamp(milliseconds: times[start])
            // Two windows in one second: the number is a name before it is a time.
            let win = max(Partitions.window(at: first), before == .min ? .min : before + 1)
            windows.append(Window(clock: clock, win: win, times: Array(times[start..<end])))
            before = win
            start = end
        }
        return windows
    }

    /// The window's own chunk: its instants are values like others, and say how many they are.
    func row(_ encoder: inout ChunkEncoder) -> ChunkRow? {
        let values = times.map(Double.init)
        guard let chunk = encoder.encode(values.span, isFramed: true) else { return nil }
        return ChunkRow(
            metric: ChunkRow.instants, series: clock, clock: clock, win: win, chunk: chunk)
    }

    /// Writes the ticks of `windows`, which have to be in order.
    static func copy(
        _ windows: [Window], into table: String, isFresh: Bool = false,
        _ connection: borrowing PostgresConnection
    ) throws(PostgresError) {
        let options = "FORMAT binary\(isFresh ? ", FREEZE" : "")"
        try connection.copyIn("COPY \(table) (time, clock, win, n) FROM STDIN (\(options))") {
            writer throws(PostgresError) in
            for window in windows {
                for (index, time) in window.times.enumerated() {
                    try writer.startRow(fields: 4)
                    writer.timestamp(microsecondsSince1970: time * 1000)
                    writer.int4(window.clock)
                    writer.int4(window.win)
                    writer.int2(Int16(index + 1))
                }
            }
        }
    }
}
