import Model
import Postgres

/// The partitions of sealed samples.
enum Days {
    /// Makes the day that begins at `start`, if it is not there.
    static func ensure(
        _ start: Timestamp, _ connection: borrowing PostgresConnection
    ) throws(PostgresError) {
        guard try !exists(start, connection) else { return }
        try connection.run(
            Partitions.makeDay(start) + Partitions.indexDay(start) + Partitions.attachDay(start))
        try note(start, connection)
    }

    static func exists(
        _ start: Timestamp, _ connection: borrowing PostgresConnection
    ) throws(PostgresError) -> Bool {
        try connection.query(
            "SELECT 1 FROM weir_data.span WHERE kind = 'day' AND start = $1",
            [.timestamp(microsecondsSince1970: start.microseconds)]
        ).rowCount > 0
    }

    static func note(
        _ start: Timestamp, _ connection: borrowing PostgresConnection
    ) throws(PostgresError) {
        _ = try connection.query(
            "INSERT INTO weir_data.span VALUES ('day', $1, $2) ON CONFLICT DO NOTHING",
            [
                .timestamp(microsecondsSince1970: start.microseconds),
                .timestamp(microsecondsSince1970: (start + Partitions.day).microseconds),
            ])
    }

    /// Where the days begin that there are, oldest first.
    static func all(
        _ connection: borrowing PostgresConnection
    ) throws(PostgresError) -> [(start: Timestamp, isMerged: Bool)] {
        let found = try connection.query(
            "SELECT start, merged IS NOT NULL FROM weir_data.span WHERE kind = 'day' ORDER BY 1")
        var days: [(start: Timestamp, isMerged: Bool)] = []
        for row in 0..<found.rowCount {
            guard let start = try found.microsecondsSince1970(row, 0) else { continue }
            days.append((Timestamp(milliseconds: start / 1000), try found.bool(row, 1) ?? false))
        }
        return days
    }

    /// Drops a day; waits only a moment for those who read, and then throws `55P03`.
    static func drop(
        _ start: Timestamp, _ connection: borrowing PostgresConnection
    ) throws(PostgresError) {
        let tables = Partitions.dayTables(start)
        try connection.transaction { connection throws(PostgresError) in
            try connection.run("SET LOCAL lock_timeout = '1s'")
            try connection.run("DROP TABLE \(tables.chunk), \(tables.tick)")
            _ = try connection.query(
                "DELETE FROM weir_data.span WHERE kind = 'day' AND start = $1",
                [.timestamp(microsecondsSince1970: start.microseconds)])
        }
    }
}
