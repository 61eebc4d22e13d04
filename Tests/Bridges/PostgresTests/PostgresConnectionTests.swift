import Postgres
import TestKit
import Testing

/// A connection to a fresh database on the shared server.
func freshOptions() async throws -> PostgresOptions {
    try PostgresOptions(try await PostgresServer.shared.makeDatabase())
}

struct PostgresConnectionTests {
    @Test func `every type goes there and back bit for bit`() async throws {
        let connection = try PostgresConnection(try await freshOptions())
        let result = try connection.query(
            "SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10::int",
            [
                .bool(true), .int2(-2), .int4(1 << 30), .int8(.min),
                .float8(Double(bitPattern: 0x7ff0_0000_0000_0002)), .text("naïve \u{1F600}"),
                .bytes([0, 255, 10]), .timestamp(microsecondsSince1970: 1_700_000_000_123_456),
                .jsonb(#"{"a": 1}"#), .null,
            ])
        #expect(try result.bool(0, 0) == true)
        #expect(try result.int(0, 1) == -2)
        #expect(try result.int(0, 2) == 1 << 30)
        #expect(try result.int(0, 3) == Int.min)
        #expect(try result.double(0, 4)?.bitPattern == 0x7ff0_0000_0000_0002)
        #expect(try result.text(0, 5) == "naïve \u{1F600}")
        #expect(try result.byteArray(0, 6) == [0, 255, 10])
        #expect(try result.microsecondsSince1970(0, 7) == 1_700_000_000_123_456)
        #expect(try result.text(0, 8) == #"{"a": 1}"#)
        #expect(Bool(result.isNull(0, 9)))
        #expect(try result.int(0, 9) == nil)
    }

    @Test func `the server reads a timestamp as the same instant`() async throws {
        let connection = try PostgresConnection(try await freshOptions())
        let result = try connection.query(
            "SELECT extract(epoch FROM $1)::int8, '-infinity'::timestamptz, to_timestamp(0)",
            [.timestamp(microsecondsSince1970: 1_700_000_000_000_000)])
        #expect(try result.int(0, 0) == 1_700_000_000)
        #expect(try result.microsecondsSince1970(0, 1) == .min)
        #expect(try result.microsecondsSince1970(0, 2) == 0)
    }

    @Test func `arrays go there and back, NULL elements under a name of their own`() async throws {
        let connection = try PostgresConnection(try await freshOptions())
        let stale = Double(bitPattern: 0x7ff0_0000_0000_0002)
        let result = try connection.query(
            "SELECT $1, $2, $3, $4, $5, array_length(array_remove($4, NULL), 1), '{}'::int8[], $6",
            [
                .int2s([1, -1]), .int4s([.max, .min]), .int8s([5]),
                .float8s([1.5, stale, .nan, -0.0], nullBits: Double.nan.bitPattern),
                .texts(["", "b,\"c", "d"]), .texts([]),
            ])
        var small: [Int16] = [7]
        #expect(try result.append(0, 0, to: &small))
        #expect(small == [7, 1, -1])
        var wide: [Int32] = []
        #expect(try result.append(0, 1, to: &wide))
        #expect(wide == [.max, .min])
        var large: [Int64] = []
        #expect(try result.append(0, 2, to: &large))
        #expect(large == [5])
        var exact: [Double] = []
        #expect(try result.append(0, 3, to: &exact, missing: 99))
        #expect(exact.map(\.bitPattern) == [1.5, stale, 99, -0.0].map(\.bitPattern))
        var texts: [String] = []
        #expect(try result.append(0, 4, to: &texts))
        #expect(texts == ["", "b,\"c", "d"])
        #expect(try result.int(0, 5) == 3)
        #expect(try result.append(0, 6, to: &large))
        #expect(large == [5])
        #expect(try result.append(0, 7, to: &texts))
        #expect(texts.count == 3)
    }

    @Test func `an array with NULL needs a word for it, and leaves the buffer as it was`()
        async throws
    {
        let connection = try PostgresConnection(try await freshOptions())
        let result = try connection.query("SELECT '{1,NULL}'::float8[], NULL::float8[]")
        var values: [Double] = [3]
        #expect(throws: PostgresError.malformed(what: "an array without NULL")) {
            try result.append(0, 0, to: &values)
        }
        #expect(values == [3])
        #expect(try !result.append(0, 1, to: &values))
    }

    @Test func `text elements are lent in place`() async throws {
        let connection = try PostgresConnection(try await freshOptions())
        let result = try connection.query("SELECT ARRAY['ab', NULL, '']")
        var sizes: [Int?] = []
        let found = try result.forEachText(0, 0) { text in sizes.append(text?.count) }
        #expect(found)
        #expect(sizes == [2, nil, 0])
    }

    @Test func `a column of another type is refused by name`() async throws {
        let connection = try PostgresConnection(try await freshOptions())
        let result = try connection.query("SELECT 1.5::float8 AS load")
        #expect(
            throws: PostgresError.unexpectedColumn(
                name: "load", wanted: "int2 or int4 or int8 or oid", found: "float8")
        ) { try result.int(0, 0) }
    }

    @Test func `what the server refuses comes with all it says`() async throws {
        let connection = try PostgresConnection(try await freshOptions())
        try connection.run("CREATE TABLE t (id int8 PRIMARY KEY); INSERT INTO t VALUES (1)")
        let error = #expect(throws: PostgresError.self) {
            try connection.run("INSERT INTO t VALUES (1)")
        }
        #expect(
            error?.description == """
                duplicate key value violates unique constraint "t_pkey" (SQLSTATE 23505): \
                Key (id)=(1) already exists.
                """)
        #expect(try connection.run("INSERT INTO t VALUES (2), (3)") == 2)
    }

    @Test func `a prepared statement is planned once and survives a changed table`() async throws {
        let connection = try PostgresConnection(try await freshOptions())
        try connection.run("CREATE TABLE t (id int8); INSERT INTO t VALUES (7)")
        for _ in 0..<3 {
            let result = try connection.execute("SELECT * FROM t WHERE id = $1", [.int8(7)])
            #expect(Int(result.rowCount) == 1)
        }
        let count = try connection.query("SELECT count(*) FROM pg_prepared_statements")
        #expect(try count.int(0, 0) == 1)
        try connection.run("ALTER TABLE t ADD COLUMN extra text")
        #expect(throws: PostgresError.self) {
            _ = try connection.execute("SELECT * FROM t WHERE id = $1", [.int8(7)])
        }
        let result = try connection.execute("SELECT * FROM t WHERE id = $1", [.int8(7)])
        #expect(Int(result.columnCount) == 2)
    }

    @Test func `a pipeline runs a statement for each row, all or none`() async throws {
        let connection = try PostgresConnection(try await freshOptions())
        try connection.run("CREATE TABLE t (id int8 PRIMARY KEY, name text)")
        let insert = "INSERT INTO t VALUES ($1, $2)"
        let rows = (0..<500).map { [PostgresValue.int8($0), .text("n\($0)")] }
        #expect(try connection.execute(insert, forEach: rows) == 500)
        #expect(throws: PostgresError.self) {
            try connection.execute(insert, forEach: [[.int8(900), .null], [.int8(3), .null]])
        }
        let result = try connection.query("SELECT count(*) FROM t")
        #expect(try result.int(0, 0) == 500)
    }

    @Test func `a transaction is kept when it returns and undone when it throws`() async throws {
        let connection = try PostgresConnection(try await freshOptions())
        try connection.run("CREATE TABLE t (id int8)")
        try connection.transaction { connection throws(PostgresError) in
            try connection.run("INSERT INTO t VALUES (1)")
            #expect(throws: PostgresError.closed) {
                try connection.transaction { inner throws(PostgresError) in
                    try inner.run("INSERT INTO t VALUES (2)")
                    throw .closed
                }
            }
        }
        #expect(throws: PostgresError.closed) {
            try connection.transaction { connection throws(PostgresError) in
                try connection.run("INSERT INTO t VALUES (3)")
                throw .closed
            }
        }
        let result = try connection.query("SELECT array_agg(id) FROM t")
        var kept: [Int64] = []
        #expect(try result.append(0, 0, to: &kept))
        #expect(kept == [1])
    }

    @Test func `a fault that was ignored inside does not pass for a commit`() async throws {
        let connection = try PostgresConnection(try await freshOptions())
        #expect(
            throws: PostgresError.misuse(
                what: "a failed statement was ignored, so the transaction was undone")
        ) {
            try connection.transaction { connection throws(PostgresError) in
                #expect(throws: PostgresError.self) { try connection.run("SELECT 1/0") }
            }
        }
    }

    @Test func `a snapshot writes nothing`() async throws {
        let connection = try PostgresConnection(try await freshOptions())
        let error = #expect(throws: PostgresError.self) {
            try connection.transaction(.snapshot) { connection throws(PostgresError) in
                try connection.run("CREATE TABLE t ()")
            }
        }
        #expect(error?.sqlState == "25006")
    }

    @Test func `a statement past its time is ended by the server`() async throws {
        var options = try await freshOptions()
        options.statementTimeout = .milliseconds(50)
        let connection = try PostgresConnection(options)
        let error = #expect(throws: PostgresError.self) {
            try connection.run("SELECT pg_sleep(30)")
        }
        #expect(error?.sqlState == "57014")
        #expect(Bool(connection.isUsable))
    }

    @Test func `a server that says nothing is given up`() async throws {
        var options = try await freshOptions()
        options.answerTimeout = .milliseconds(100)
        let connection = try PostgresConnection(options)
        let error = #expect(throws: PostgresError.self) {
            try connection.run("SELECT pg_sleep(30)")
        }
        guard case .noAnswer = error else {
            Issue.record("unexpected: \(String(describing: error))")
            return
        }
        #expect(Bool(!connection.isUsable))
    }

    @Test func `notices reach who asked for them`() async throws {
        var options = try await freshOptions()
        let (stream, sink) = AsyncStream.makeStream(of: PostgresFault.self)
        options.onNotice = { sink.yield($0) }
        let connection = try PostgresConnection(options)
        try connection.run("DO $$ BEGIN RAISE NOTICE 'half done'; END $$")
        var notices = stream.makeAsyncIterator()
        #expect(await notices.next()?.message == "half done")
    }

    @Test func `COPY outside its own call is refused`() async throws {
        let connection = try PostgresConnection(try await freshOptions())
        try connection.run("CREATE TABLE t (id int8)")
        #expect(
            throws: PostgresError.misuse(what: "COPY has to go through copyIn or copyOut")
        ) { try connection.run("COPY t FROM STDIN") }
        #expect(Bool(!connection.isUsable))
    }

    @Test(arguments: ["plain", "it's", #"back\slash"#, "quote\"d", "'; DROP TABLE x; --"])
    func `quoting keeps any text what it is`(text: String) async throws {
        let connection = try PostgresConnection(try await freshOptions())
        let result = try connection.query(
            "SELECT \(quoted(literal: text)) AS \(quoted(identifier: text.replacing(".", with: "")))"
        )
        #expect(try result.text(0, 0) == text)
        #expect(result.name(ofColumn: 0) == text)
    }
}

extension String {
    fileprivate func replacing(_ what: Character, with other: String) -> String {
        map { $0 == what ? other : String($0) }.joined()
    }
}
