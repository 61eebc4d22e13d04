import Postgres
import TestKit
import Testing

struct CopyTests {
    @Test func `rows of every type go in and come out the same`() async throws {
        let connection = try PostgresConnection(try await freshOptions())
        try connection.run(
            """
            CREATE TABLE t (a bool, b int2, c int4, d int8, e float8, f text, g bytea,
                h timestamptz, i jsonb, j int2[], k int4[], l int8[], m float8[], n text[])
            """)
        let (bytes, small, none): ([UInt8], [Int16], [Int32]) = ([1, 2, 3], [1, 2], [])
        let (large, exact): ([Int64], [Double]) = ([-9], [1.5, .nan])
        let written = try connection.copyIn("COPY t FROM STDIN (FORMAT binary)") {
            row throws(PostgresError) in
            try row.startRow(fields: 14)
            row.bool(true)
            row.int2(-2)
            row.int4(3)
            row.int8(.max)
            row.float8(-0.0)
            row.text("größe")
            row.bytes(bytes.span.bytes)
            row.timestamp(microsecondsSince1970: 42)
            row.jsonb("[1]")
            row.int2s(small.span)
            row.int4s(none.span)
            row.int8s(large.span)
            row.float8s(exact.span, nullBits: Double.nan.bitPattern)
            row.texts(["x", ""])
            try row.startRow(fields: 14)
            for _ in 0..<14 { row.null() }
        }
        #expect(written == 2)
        var number = 0
        let read = try connection.copyOut("COPY t TO STDOUT (FORMAT binary)") {
            row throws(PostgresError) in
            number += 1
            #expect(Int(row.fields) == 14)
            if number == 2 {
                for _ in 0..<14 { try row.skip() }
                return
            }
            #expect(try row.bool() == true)
            #expect(try row.int() == -2)
            #expect(try row.int() == 3)
            #expect(try row.int() == .max)
            #expect(try row.double()?.bitPattern == (-0.0).bitPattern)
            #expect(try row.text() == "größe")
            let size = try row.withBytes { $0.byteCount }
            #expect(size == 3)
            #expect(try row.microsecondsSince1970() == 42)
            #expect(try row.jsonb() == "[1]")
            var small: [Int16] = []
            #expect(try row.append(to: &small))
            #expect(small == [1, 2])
            var wide: [Int32] = []
            #expect(try row.append(to: &wide))
            #expect(wide == [])
            var large: [Int64] = []
            #expect(try row.append(to: &large))
            #expect(large == [-9])
            var exact: [Double] = []
            #expect(try row.append(to: &exact, missing: -1))
            #expect(exact == [1.5, -1])
            var texts: [String] = []
            #expect(try row.append(to: &texts))
            #expect(texts == ["x", ""])
        }
        #expect(read == 2)
    }

    @Test func `many rows stream in pieces, whatever their size`() async throws {
        let connection = try PostgresConnection(try await freshOptions())
        try connection.run("CREATE TABLE t (n int8, v float8[])")
        let wide = [Double](repeating: 1.25, count: 60_000)
        try connection.copyIn("COPY t FROM STDIN (FORMAT binary)") { row throws(PostgresError) in
            for number in 0..<20_000 {
                try row.startRow(fields: 2)
                row.int8(Int64(number))
                row.float8s(number % 5_000 == 0 ? wide.span : wide.span.extracting(first: 3))
            }
        }
        let result = try connection.query("SELECT count(*), sum(n), sum(cardinality(v)) FROM t")
        #expect(try result.int(0, 0) == 20_000)
        var total = 0
        try connection.copyOut("COPY (SELECT n, v FROM t) TO STDOUT (FORMAT binary)") {
            row throws(PostgresError) in
            total += try row.int() ?? 0
        }
        #expect(total == 20_000 * 19_999 / 2)
    }

    @Test func `if the writer throws, no row is kept and the connection lives on`() async throws {
        let connection = try PostgresConnection(try await freshOptions())
        try connection.run("CREATE TABLE t (n int8)")
        #expect(throws: PostgresError.closed) {
            try connection.copyIn("COPY t FROM STDIN (FORMAT binary)") {
                row throws(PostgresError) in
                try row.startRow(fields: 1)
                row.int8(1)
                throw .closed
            }
        }
        let result = try connection.query("SELECT count(*) FROM t")
        #expect(try result.int(0, 0) == 0)
    }

    @Test func `a row that the server refuses is told with its line`() async throws {
        let connection = try PostgresConnection(try await freshOptions())
        try connection.run("CREATE TABLE t (n int8 CHECK (n < 2))")
        let error = #expect(throws: PostgresError.self) {
            try connection.copyIn("COPY t FROM STDIN (FORMAT binary)") {
                row throws(PostgresError) in
                for number in 0..<3 {
                    try row.startRow(fields: 1)
                    row.int8(Int64(number))
                }
            }
        }
        #expect(error?.sqlState == "23514")
        guard case .server(let fault) = error else { return }
        #expect(fault.context == "COPY t, line 3")
        #expect(fault.constraint == "t_n_check")
        #expect(Bool(connection.isUsable))
    }

    @Test func `if the reader throws, the connection is given up`() async throws {
        let connection = try PostgresConnection(try await freshOptions())
        #expect(throws: PostgresError.closed) {
            try connection.copyOut(
                "COPY (SELECT generate_series(1, 100000)) TO STDOUT (FORMAT binary)"
            ) { _ throws(PostgresError) in throw .closed }
        }
        #expect(Bool(!connection.isUsable))
    }

    @Test func `a COPY in text is refused`() async throws {
        let connection = try PostgresConnection(try await freshOptions())
        try connection.run("CREATE TABLE t (n int8)")
        #expect(
            throws: PostgresError.misuse(what: "copyIn takes COPY … FROM STDIN (FORMAT binary)")
        ) { try connection.copyIn("COPY t FROM STDIN") { _ in } }
    }

    @Test func `a fault while rows come out is the server's`() async throws {
        let connection = try PostgresConnection(try await freshOptions())
        let error = #expect(throws: PostgresError.self) {
            try connection.copyOut(
                "COPY (SELECT 1 / (500 - n) FROM generate_series(1, 1000) n) TO STDOUT (FORMAT binary)"
            ) { _ in }
        }
        #expect(error?.sqlState == "22012")
        #expect(try connection.run("SELECT 1") == 1)
    }
}
