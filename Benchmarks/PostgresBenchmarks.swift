import Glibc
import Postgres
import PrivatePostgres
import Telemetry

/// libpq and the private cluster: COPY, reading arrays, small statements, starting.
///
/// Runs on a private cluster of its own with its ordinary settings, so commits reach the disk.
enum PostgresBenchmarks {
    private static let tile = 125
    private static let rows = 24_000

    static func run(_ report: inout BenchmarkReport) async throws {
        var template = Array("/tmp/weir-bench-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { return }
        let path = String(
            decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        chmod(path, 0o755)
        let cluster = try PrivateCluster(path + "/postgres", log: .silent)
        do {
            try await starts(cluster, &report)
            let session = PostgresSession(try cluster.options())
            report = try await session.run { [report] connection throws(PostgresError) in
                var report = report
                try copyTiles(connection, &report)
                try readArrays(connection, &report)
                try readBytes(connection, &report)
                try smallStatements(connection, &report)
                return report
            }
            try await hops(session, &report)
        } catch {
            await cluster.stop()
            throw error
        }
        await cluster.stop()
        _ = system("rm -rf '\(path)'")
    }

    // MARK: Starting

    private static func starts(
        _ cluster: PrivateCluster, _ report: inout BenchmarkReport
    ) async throws {
        var began = ContinuousClock.now
        try await cluster.start()
        try await write(cluster)
        report.add(
            "private cluster: first start to a write", (ContinuousClock.now - began) / .seconds(1),
            "s", bar: "< 5")
        await cluster.stop()
        began = .now
        try await cluster.start()
        try await write(cluster)
        report.add(
            "private cluster: later start to a write", (ContinuousClock.now - began) / .seconds(1),
            "s", bar: "< 1")
    }

    private static func write(_ cluster: PrivateCluster) async throws {
        try await PostgresSession(try cluster.options()).run { connection throws(PostgresError) in
            try connection.run(
                "CREATE TABLE IF NOT EXISTS started (); INSERT INTO started DEFAULT VALUES")
        }
    }

    // MARK: COPY in

    private static func copyTiles(
        _ connection: borrowing PostgresConnection, _ report: inout BenchmarkReport
    ) throws(PostgresError) {
        try connection.run(
            """
            CREATE TABLE scrape (time timestamptz, tile int8, values float8[]);
            ALTER TABLE scrape ALTER values SET STORAGE MAIN;
            """)
        let process = try connection.query("SELECT pg_backend_pid()").int(0, 0) ?? 0
        let values = (0..<tile).map { (number: Int) -> Double in
            number % 3 == 0 ? Double(number) * 1000 : Double(number) * 0.001
        }
        var best = Double.infinity
        var share = Double.infinity
        for _ in 0..<5 {
            try connection.run("TRUNCATE scrape")
            let (client, server) = (BenchmarkReport.cpuSeconds, cpuSeconds(of: process))
            let began = ContinuousClock.now
            try connection.copyIn("COPY scrape FROM STDIN (FORMAT binary)") {
                row throws(PostgresError) in
                for number in 0..<rows {
                    try row.startRow(fields: 3)
                    row.timestamp(microsecondsSince1970: 1_700_000_000_000_000 + Int64(number))
                    row.int8(Int64(number % 100))
                    row.float8s(values.span)
                }
            }
            best = min(best, (ContinuousClock.now - began) / .seconds(1))
            let spent = BenchmarkReport.cpuSeconds - client
            share = min(share, spent / max(cpuSeconds(of: process) - server, 0.001))
        }
        report.add(
            "COPY of tiles of \(tile), one connection", Double(rows * tile) / best / 1e6,
            "M samples/s", bar: "≥ 8")
        report.add("COPY of tiles: client's CPU over the server's", share, "", bar: "≤ 0.5")
    }

    // MARK: Reading

    private static func readArrays(
        _ connection: borrowing PostgresConnection, _ report: inout BenchmarkReport
    ) throws(PostgresError) {
        let count = Double(rows * tile)
        var values: [Double] = []
        values.reserveCapacity(tile)
        var best = Double.infinity
        for _ in 0..<5 {
            let began = ContinuousClock.now
            try connection.copyOut("COPY (SELECT values FROM scrape) TO STDOUT (FORMAT binary)") {
                row throws(PostgresError) in
                values.removeAll(keepingCapacity: true)
                _ = try row.append(to: &values)
            }
            best = min(best, (ContinuousClock.now - began) / .seconds(1))
        }
        report.add("COPY out of float8[]", count / best / 1e6, "M values/s", bar: "≥ 10")
        best = .infinity
        var decoding = Double.infinity
        for _ in 0..<5 {
            let began = ContinuousClock.now
            let result = try connection.query("SELECT values FROM scrape")
            let arrived = BenchmarkReport.cpuSeconds
            for row in 0..<result.rowCount {
                values.removeAll(keepingCapacity: true)
                _ = try result.append(row, 0, to: &values)
            }
            decoding = min(decoding, BenchmarkReport.cpuSeconds - arrived)
            best = min(best, (ContinuousClock.now - began) / .seconds(1))
        }
        report.add("SELECT of float8[]", count / best / 1e6, "M values/s", bar: "≥ 10")
        report.add("decoding of float8[] alone", decoding / count * 1e9, "ns/value")
    }

    private static func readBytes(
        _ connection: borrowing PostgresConnection, _ report: inout BenchmarkReport
    ) throws(PostgresError) {
        try connection.run(
            """
            CREATE TABLE chunk (bytes bytea);
            ALTER TABLE chunk ALTER bytes SET STORAGE EXTERNAL;
            INSERT INTO chunk
            SELECT decode(repeat(lpad(to_hex(n), 16, '0'), 1000), 'hex')
            FROM generate_series(1, 4000) n;
            """)
        let count = Double(4_000 * 1_000)
        var sum: UInt64 = 0
        var (copied, selected) = (Double.infinity, Double.infinity)
        for _ in 0..<5 {
            var began = ContinuousClock.now
            try connection.copyOut("COPY chunk TO STDOUT (FORMAT binary)") {
                row throws(PostgresError) in
                _ = try row.withBytes { sum &+= add($0) }
            }
            copied = min(copied, (ContinuousClock.now - began) / .seconds(1))
            began = .now
            let result = try connection.query("SELECT bytes FROM chunk")
            for row in 0..<result.rowCount {
                _ = try result.withBytes(row, 0) { sum &+= add($0) }
            }
            selected = min(selected, (ContinuousClock.now - began) / .seconds(1))
        }
        if sum == 0 { throw .malformed(what: "what was written") }
        report.add(
            "COPY out of bytea, 8 bytes a value", count / copied / 1e6, "M values/s", bar: "≥ 40")
        report.add("SELECT of bytea, 8 bytes a value", count / selected / 1e6, "M values/s")
    }

    /// Looks at each value, as a reader would.
    private static func add(_ bytes: RawSpan) -> UInt64 {
        var sum: UInt64 = 0
        var offset = 0
        while offset &+ 8 <= bytes.byteCount {
            sum &+= unsafe bytes.unsafeLoadUnaligned(
                fromUncheckedByteOffset: offset, as: UInt64.self)
            offset &+= 8
        }
        return sum
    }

    // MARK: Small statements

    private static func smallStatements(
        _ connection: borrowing PostgresConnection, _ report: inout BenchmarkReport
    ) throws(PostgresError) {
        try connection.run("CREATE TABLE small (id int8, name text)")
        let insert = "INSERT INTO small VALUES ($1, $2)"
        let fifty = (0..<50).map { [PostgresValue.int8(Int64($0)), .text("name \($0)")] }
        let single = try rate(50) { () throws(PostgresError) in
            try connection.transaction { connection throws(PostgresError) in
                for row in fifty { _ = try connection.execute(insert, row) }
            }
        }
        let pipelined = try rate(50) { () throws(PostgresError) in
            try connection.execute(insert, forEach: fifty)
        }
        let copied = try rate(50) { () throws(PostgresError) in
            try connection.copyIn("COPY small FROM STDIN (FORMAT binary)") {
                row throws(PostgresError) in
                for number in 0..<50 {
                    try row.startRow(fields: 2)
                    row.int8(Int64(number))
                    row.text("name")
                }
            }
        }
        report.add("50 prepared INSERTs, one after another", single, "rows/s")
        report.add("50 prepared INSERTs in a pipeline", pipelined, "rows/s")
        report.add("COPY of 50 rows", copied, "rows/s")
    }

    private static func rate(
        _ rows: Int, _ body: () throws(PostgresError) -> Void
    ) throws(PostgresError) -> Double {
        let began = ContinuousClock.now
        for _ in 0..<40 { try body() }
        return Double(40 * rows) / ((ContinuousClock.now - began) / .seconds(1))
    }

    private static func hops(
        _ session: PostgresSession, _ report: inout BenchmarkReport
    ) async throws {
        let began = ContinuousClock.now
        for _ in 0..<2_000 {
            try await session.run { connection throws(PostgresError) in
                _ = try connection.execute("SELECT 1")
            }
        }
        report.add(
            "a prepared SELECT 1 through a session",
            (ContinuousClock.now - began) / .microseconds(1) / 2_000, "µs")
    }

    /// The CPU seconds of another process, by `/proc`.
    private static func cpuSeconds(of process: Int) -> Double {
        guard let file = fopen("/proc/\(process)/stat", "r") else { return 0 }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 1024)
        guard fgets(&line, 1024, file) != nil else { return 0 }
        let text = String(
            decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let fields = text.split(separator: ")").last?.split(separator: " ") ?? []
        guard fields.count > 12, let user = Double(fields[11]), let system = Double(fields[12])
        else { return 0 }
        return (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
    }
}
