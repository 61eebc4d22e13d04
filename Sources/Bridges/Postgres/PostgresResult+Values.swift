/// Fields as Swift values; `nil` is NULL, and a column of another type throws.
extension PostgresResult {
    /// An int2, int4, int8 or oid.
    public func int(_ row: Int, _ column: Int) throws(PostgresError) -> Int? {
        try read(row, column, PostgresType.integers) { field throws(PostgresError) in
            Int(try field.integer())
        }
    }

    /// A float4 or float8, bit for bit.
    public func double(_ row: Int, _ column: Int) throws(PostgresError) -> Double? {
        try read(row, column, [.float4, .float8]) { field throws(PostgresError) in
            try field.double()
        }
    }

    /// A bool.
    public func bool(_ row: Int, _ column: Int) throws(PostgresError) -> Bool? {
        try read(row, column, [.bool]) { field throws(PostgresError) in try field.bool() }
    }

    /// A text, varchar, name, json or jsonb.
    public func text(_ row: Int, _ column: Int) throws(PostgresError) -> String? {
        if isJSONB(column) {
            return try read(row, column, [.jsonb]) { field throws(PostgresError) in
                try field.jsonb()
            }
        }
        return try read(row, column, PostgresType.texts) { field in field.text() }
    }

    /// A timestamptz, in microseconds since 1970; the ends of `Int64` for the infinities.
    public func microsecondsSince1970(_ row: Int, _ column: Int) throws(PostgresError) -> Int64? {
        try read(row, column, [.timestamptz]) { field throws(PostgresError) in
            try field.microsecondsSince1970()
        }
    }

    /// A copy of a bytea.
    public func byteArray(_ row: Int, _ column: Int) throws(PostgresError) -> [UInt8]? {
        try read(row, column, [.bytea]) { field in Array(field.bytes) }
    }

    /// Runs `body` on the bytes of a bytea or text in place; `nil` for NULL.
    public func withBytes<Value>(
        _ row: Int, _ column: Int, _ body: (RawSpan) throws(PostgresError) -> Value
    ) throws(PostgresError) -> Value? {
        try read(row, column, [.bytea, .text, .varchar, .name]) { field throws(PostgresError) in
            try body(field.bytes.bytes)
        }
    }
}

/// Arrays, appended to what the caller has, so that one buffer serves many rows.
///
/// Each gives `false`, and appends nothing, for a NULL array. `missing` takes the place of NULL
/// elements; without it an array that has one is refused.
extension PostgresResult {
    /// Appends a float8[], bit for bit.
    public func append(
        _ row: Int, _ column: Int, to array: inout [Double], missing: Double? = nil
    ) throws(PostgresError) -> Bool {
        try read(row, column, [.float8Array]) { field throws(PostgresError) in
            try field.append(to: &array, missing: missing)
        } != nil
    }

    /// Appends an int8[].
    public func append(
        _ row: Int, _ column: Int, to array: inout [Int64], missing: Int64? = nil
    ) throws(PostgresError) -> Bool {
        try read(row, column, [.int8Array]) { field throws(PostgresError) in
            try field.append(to: &array, missing: missing)
        } != nil
    }

    /// Appends an int4[].
    public func append(
        _ row: Int, _ column: Int, to array: inout [Int32], missing: Int32? = nil
    ) throws(PostgresError) -> Bool {
        try read(row, column, [.int4Array]) { field throws(PostgresError) in
            try field.append(to: &array, missing: missing)
        } != nil
    }

    /// Appends an int2[].
    public func append(
        _ row: Int, _ column: Int, to array: inout [Int16], missing: Int16? = nil
    ) throws(PostgresError) -> Bool {
        try read(row, column, [.int2Array]) { field throws(PostgresError) in
            try field.append(to: &array, missing: missing)
        } != nil
    }

    /// Appends a text[].
    public func append(
        _ row: Int, _ column: Int, to array: inout [String], missing: String? = nil
    ) throws(PostgresError) -> Bool {
        try read(row, column, [.textArray]) { field throws(PostgresError) in
            try field.append(to: &array, missing: missing)
        } != nil
    }

    /// Runs `body` on each element of a text[] in place, `nil` for NULL; `false` for a NULL array.
    public func forEachText(
        _ row: Int, _ column: Int, _ body: (Span<UInt8>?) throws(PostgresError) -> Void
    ) throws(PostgresError) -> Bool {
        try read(row, column, [.textArray]) { field throws(PostgresError) in
            try field.forEachText(body)
        } != nil
    }
}
