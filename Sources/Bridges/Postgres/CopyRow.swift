/// A row of `COPY … TO STDOUT (FORMAT binary)`: each call reads the next field.
///
/// COPY names no types, so the caller has to know them; `nil` is NULL. The row lives only as long
/// as the call that lends it.
public struct CopyRow: ~Copyable {
    /// How many fields the row has.
    public let fields: Int
    private let bytes: UnsafeRawBufferPointer
    private var offset: Int

    /// - Returns: `nil` for the mark that ends COPY.
    init?(_ bytes: UnsafeRawBufferPointer, at start: Int) throws(PostgresError) {
        guard bytes.count >= start + 2 else { throw .malformed(what: "a row of COPY") }
        let count = Int16(bigEndian: bytes.loadUnaligned(fromByteOffset: start, as: Int16.self))
        if count < 0 { return nil }
        fields = Int(count)
        self.bytes = bytes
        offset = start + 2
    }

    /// An int2, int4 or int8.
    public mutating func int() throws(PostgresError) -> Int? {
        guard let field = try next() else { return nil }
        return Int(try field.integer())
    }

    /// A float4 or float8.
    public mutating func double() throws(PostgresError) -> Double? {
        guard let field = try next() else { return nil }
        return try field.double()
    }

    /// A bool.
    public mutating func bool() throws(PostgresError) -> Bool? {
        guard let field = try next() else { return nil }
        return try field.bool()
    }

    /// A text, varchar, name or json.
    public mutating func text() throws(PostgresError) -> String? { try next()?.text() }

    /// A jsonb.
    public mutating func jsonb() throws(PostgresError) -> String? {
        guard let field = try next() else { return nil }
        return try field.jsonb()
    }

    /// A timestamptz.
    public mutating func microsecondsSince1970() throws(PostgresError) -> Int64? {
        guard let field = try next() else { return nil }
        return try field.microsecondsSince1970()
    }

    /// Runs `body` on the bytes of a bytea or text in place.
    public mutating func withBytes<Value>(
        _ body: (RawSpan) throws(PostgresError) -> Value
    ) throws(PostgresError) -> Value? {
        guard let field = try next() else { return nil }
        return try body(field.bytes.bytes)
    }

    /// Passes over a field.
    public mutating func skip() throws(PostgresError) { _ = try next() }

    // MARK: Arrays, as in `PostgresResult`

    /// Appends a float8[]; `false` for NULL.
    public mutating func append(
        to array: inout [Double], missing: Double? = nil
    ) throws(PostgresError) -> Bool {
        guard let field = try next() else { return false }
        try field.append(to: &array, missing: missing)
        return true
    }

    /// Appends an int8[]; `false` for NULL.
    public mutating func append(
        to array: inout [Int64], missing: Int64? = nil
    ) throws(PostgresError) -> Bool {
        guard let field = try next() else { return false }
        try field.append(to: &array, missing: missing)
        return true
    }

    /// Appends an int4[]; `false` for NULL.
    public mutating func append(
        to array: inout [Int32], missing: Int32? = nil
    ) throws(PostgresError) -> Bool {
        guard let field = try next() else { return false }
        try field.append(to: &array, missing: missing)
        return true
    }

    /// Appends an int2[]; `false` for NULL.
    public mutating func append(
        to array: inout [Int16], missing: Int16? = nil
    ) throws(PostgresError) -> Bool {
        guard let field = try next() else { return false }
        try field.append(to: &array, missing: missing)
        return true
    }

    /// Appends a text[]; `false` for NULL.
    public mutating func append(
        to array: inout [String], missing: String? = nil
    ) throws(PostgresError) -> Bool {
        guard let field = try next() else { return false }
        try field.append(to: &array, missing: missing)
        return true
    }

    private mutating func next() throws(PostgresError) -> BinaryField? {
        guard offset + 4 <= bytes.count else {
            throw .misuse(what: "a row of COPY has only \(fields) fields")
        }
        let raw = bytes.loadUnaligned(fromByteOffset: offset, as: Int32.self)
        let length = Int(Int32(bigEndian: raw))
        offset += 4
        if length < 0 { return nil }
        guard offset + length <= bytes.count else { throw .malformed(what: "a row of COPY") }
        defer { offset += length }
        return BinaryField(bytes: UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + length]))
    }
}

extension PostgresConnection {
    /// Runs `COPY … TO STDOUT (FORMAT binary)` and `body` on each row as it comes; gives their
    /// number.
    ///
    /// Only one row is in memory: while `body` works the server waits. If `body` throws, the
    /// connection is given up, since the server has more to say.
    @discardableResult
    public func copyOut(
        _ sql: String, _ body: (inout CopyRow) throws(PostgresError) -> Void
    ) throws(PostgresError) -> Int {
        try checkCancelled()
        try handle.send(sql)
        try beginCopy(isIn: false)
        do throws(PostgresError) {
            let rows = try readCopy(body)
            _ = try lastResult()
            return rows
        } catch {
            if case .server = error {} else { handle.giveUp() }
            throw error
        }
    }

    private func readCopy(
        _ body: (inout CopyRow) throws(PostgresError) -> Void
    ) throws(PostgresError) -> Int {
        var rows = 0
        var isFirst = true
        while true {
            let message: Void? = try handle.takeCopy { bytes throws(PostgresError) in
                var start = 0
                if isFirst {
                    start = try Self.sizeOfCopyHead(bytes)
                    isFirst = false
                    // Newer servers send the head in a message of its own.
                    if start == bytes.count { return }
                }
                guard var row = try CopyRow(bytes, at: start) else { return }
                rows += 1
                try body(&row)
            }
            if message == nil { return rows }
        }
    }

    private static func sizeOfCopyHead(
        _ bytes: UnsafeRawBufferPointer
    ) throws(PostgresError) -> Int {
        guard bytes.count >= 19, bytes[0] == UInt8(ascii: "P") else {
            throw .malformed(what: "the head of COPY")
        }
        let raw = bytes.loadUnaligned(fromByteOffset: 15, as: Int32.self)
        return 19 + Int(Int32(bigEndian: raw))
    }
}
