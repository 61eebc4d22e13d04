import Model

/// Where samples lie by their time: hot rows by stretches of two hours, sealed ones by days, in UTC.
enum Partitions {
    /// The length of a hot partition.
    static let hot = TimeSpan.hours(2)
    /// The length of a sealed partition.
    static let day = TimeSpan.days(1)

    /// What can be stored: windows are told by their second from 2000 on in 32 bits.
    static let storable: ClosedRange<Timestamp> =
        Timestamp(
            milliseconds: (secondsTo2000 - 0x7000_0000) * 1000)...Timestamp(
            milliseconds: (secondsTo2000 + 0x7000_0000) * 1000)

    static let secondsTo2000: Int64 = 946_684_800

    /// The beginning of the partition of this length that `time` belongs to.
    static func start(of time: Timestamp, _ length: TimeSpan) -> Timestamp {
        let count = time.milliseconds.flooringDivision(by: length.milliseconds)
        return Timestamp(milliseconds: count * length.milliseconds)
    }

    /// The number of a window that begins at `time`: the second, counted from 2000.
    static func window(at time: Timestamp) -> Int32 {
        Int32(time.milliseconds.flooringDivision(by: 1000) - secondsTo2000)
    }

    /// The instant in which the second of a window's number begins.
    static func time(ofWindow window: Int32) -> Timestamp {
        Timestamp(milliseconds: (Int64(window) + secondsTo2000) * 1000)
    }

    /// `start` as part of a table's name: `20260102` or `20260102_0400`.
    static func name(_ start: Timestamp, _ length: TimeSpan) -> String {
        let text = start.description
        let day = text.prefix(10).filter { $0 != "-" }
        guard length < Partitions.day else { return day }
        return day + "_" + text.dropFirst(11).prefix(5).filter { $0 != ":" }
    }

    /// Makes the hot partition that begins at `start`, without waiting for who reads the others.
    static func makeHot(_ start: Timestamp) -> String {
        let table = "weir_data.scrape_\(name(start, hot))"
        let (from, to) = (start.sql, (start + hot).sql)
        return """
            CREATE TABLE \(table) (LIKE weir_data.scrape INCLUDING STORAGE INCLUDING CONSTRAINTS);
            CREATE UNIQUE INDEX ON \(table) (tile, time) WITH (fillfactor = 100);
            ALTER TABLE \(table) ADD CHECK (time >= \(from) AND time < \(to));
            ALTER TABLE weir_data.scrape ATTACH PARTITION \(table) FOR VALUES FROM (\(from)) TO (\(to));
            INSERT INTO weir_data.span VALUES ('hot', \(from), \(to));
            """
    }

    /// Makes the tables of the day that begins at `start`, attached to nothing yet; `suffix` makes
    /// their names differ from those that are in use.
    static func makeDay(_ start: Timestamp, suffix: String = "") -> String {
        let (chunk, tick) = dayTables(start, suffix: suffix)
        let (from, to) = (start.sql, (start + day).sql)
        let (low, high) = (window(at: start), window(at: start + day))
        return """
            CREATE TABLE \(chunk) (LIKE weir_data.chunk INCLUDING STORAGE INCLUDING CONSTRAINTS)
                WITH (toast_tuple_target = 8160, autovacuum_enabled = off);
            ALTER TABLE \(chunk) ADD CHECK (win >= \(low) AND win < \(high));
            CREATE TABLE \(tick) (LIKE weir_data.tick INCLUDING STORAGE INCLUDING CONSTRAINTS)
                WITH (autovacuum_enabled = off);
            ALTER TABLE \(tick) ADD CHECK (win >= \(low) AND win < \(high));
            ALTER TABLE \(tick) ADD CHECK (time >= \(from) AND time < \(to));
            """
    }

    /// The indexes of a day's tables, which are best made when the rows are there.
    static func indexDay(_ start: Timestamp, suffix: String = "") -> String {
        let (chunk, tick) = dayTables(start, suffix: suffix)
        return """
            CREATE INDEX ON \(chunk) (metric, series) WITH (fillfactor = 100);
            CREATE INDEX ON \(tick) (clock, win, time) WITH (fillfactor = 100);
            """
    }

    /// Puts a day's tables where readers find them.
    static func attachDay(_ start: Timestamp, suffix: String = "") -> String {
        let (chunk, tick) = dayTables(start, suffix: suffix)
        let (low, high) = (window(at: start), window(at: start + day))
        return """
            ALTER TABLE weir_data.chunk ATTACH PARTITION \(chunk) FOR VALUES FROM (\(low)) TO (\(high));
            ALTER TABLE weir_data.tick ATTACH PARTITION \(tick) FOR VALUES FROM (\(low)) TO (\(high));
            """
    }

    static func dayTables(
        _ start: Timestamp, suffix: String = ""
    ) -> (chunk: String, tick: String) {
        let name = name(start, day) + suffix
        return ("weir_data.chunk_\(name)", "weir_data.tick_\(name)")
    }
}

extension Timestamp {
    /// Microseconds since 1970, as PostgreSQL's times are told.
    var microseconds: Int64 { milliseconds * 1000 }

    /// The instant as SQL writes it, for statements that take no parameters.
    var sql: String { "timestamptz '\(self)'" }
}

/// An instant among the parameters of a statement, as microseconds in an int8.
let sqlTime = "(timestamptz 'epoch' + $# * interval '1 microsecond')"
