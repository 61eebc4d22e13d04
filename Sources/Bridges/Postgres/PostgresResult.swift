import CPostgres

/// The rows of one statement, in memory until the value is gone.
///
/// Columns count from 0. `nil` stands for NULL; a column of another type throws.
public struct PostgresResult: ~Copyable {
    private let handle: OpaquePointer

    init(owning handle: OpaquePointer) { self.handle = handle }

    deinit { PQclear(handle) }

    /// How many rows came back.
    public var rowCount: Int { Int(PQntuples(handle)) }

    /// How many columns each row has.
    public var columnCount: Int { Int(PQnfields(handle)) }

    /// How many rows an INSERT, UPDATE, DELETE or COPY touched; 0 for other statements.
    public var affectedRows: Int { Int(String(cString: PQcmdTuples(handle))) ?? 0 }

    /// What the server calls what it did, such as `INSERT 0 1`.
    public var command: String { String(cString: PQcmdStatus(handle)) }

    /// The name of a column, as the statement has it.
    public func name(ofColumn column: Int) -> String {
        PQfname(handle, Int32(column)).map { String(cString: $0) } ?? "\(column)"
    }

    /// Whether the field is NULL.
    public func isNull(_ row: Int, _ column: Int) -> Bool {
        PQgetisnull(handle, Int32(row), Int32(column)) == 1
    }

    // MARK: What libpq thinks of it

    enum Kind { case rows, done, failed, copy, synced }

    var kind: Kind {
        switch PQresultStatus(handle) {
        case PGRES_TUPLES_OK, PGRES_SINGLE_TUPLE: .rows
        case PGRES_COMMAND_OK: .done
        case PGRES_COPY_IN, PGRES_COPY_OUT, PGRES_COPY_BOTH: .copy
        case PGRES_PIPELINE_SYNC: .synced
        default: .failed
        }
    }

    /// Whether COPY runs in this direction, and in binary.
    var isBinaryCopyIn: Bool {
        PQresultStatus(handle) == PGRES_COPY_IN && PQbinaryTuples(handle) == 1
    }
    var isBinaryCopyOut: Bool {
        PQresultStatus(handle) == PGRES_COPY_OUT && PQbinaryTuples(handle) == 1
    }

    func isJSONB(_ column: Int) -> Bool {
        PQftype(handle, Int32(column)) == PostgresType.jsonb.rawValue
    }

    var fault: PostgresFault { PostgresFault(of: handle) }

    // MARK: Bytes, for the typed readers

    /// Runs `body` on the field's bytes, or gives `nil` for NULL.
    func read<Value>(
        _ row: Int, _ column: Int, _ types: Set<PostgresType>,
        _ body: (BinaryField) throws(PostgresError) -> Value
    ) throws(PostgresError) -> Value? {
        let type = PQftype(handle, Int32(column))
        guard types.contains(where: { $0.rawValue == type }), PQfformat(handle, Int32(column)) == 1
        else {
            throw .unexpectedColumn(
                name: name(ofColumn: column),
                wanted: types.map(\.name).sorted().joined(separator: " or "),
                found: PostgresType(rawValue: type)?.name ?? "type \(type)")
        }
        return try bytes(row, column).map(body)
    }

    /// The field's bytes, alive as long as the result.
    func bytes(_ row: Int, _ column: Int) -> BinaryField? {
        precondition(
            row < rowCount && column < columnCount,
            "BUG: row \(row), column \(column) of \(rowCount) rows, \(columnCount) columns")
        if isNull(row, column) { return nil }
        return BinaryField(
            bytes: UnsafeRawBufferPointer(
                start: PQgetvalue(handle, Int32(row), Int32(column)),
                count: Int(PQgetlength(handle, Int32(row), Int32(column)))))
    }
}

extension Optional where Wrapped == BinaryField {
    fileprivate func map<Value>(
        _ body: (BinaryField) throws(PostgresError) -> Value
    ) throws(PostgresError) -> Value? {
        guard let self else { return nil }
        return try body(self)
    }
}

extension PostgresFault {
    init(of result: OpaquePointer) {
        func field(_ code: Character) -> String? {
            PQresultErrorField(result, Int32(code.asciiValue ?? 0)).map { String(cString: $0) }
        }
        self.init(
            sqlState: field("C") ?? "XX000", severity: field("V") ?? field("S") ?? "ERROR",
            message: field("M") ?? oneLine(String(cString: PQresultErrorMessage(result))),
            detail: field("D"), hint: field("H"), context: field("W"), constraint: field("n"))
    }
}
