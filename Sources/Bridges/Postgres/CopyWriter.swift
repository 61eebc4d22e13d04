/// Rows for `COPY … FROM STDIN (FORMAT binary)`: `startRow`, then each field in turn.
///
/// What is written goes to the server in pieces; when the server is behind, writing waits.
public struct CopyWriter: ~Copyable {
    private let connection: ConnectionHandle
    private let canceller: PostgresCanceller?
    private var buffer: BinaryBuffer

    /// Large enough that the server is asked seldom, small enough for the cache.
    private static let pieceBytes = 256 * 1024

    init(_ connection: ConnectionHandle, _ canceller: PostgresCanceller?) {
        self.connection = connection
        self.canceller = canceller
        buffer = BinaryBuffer(capacity: Self.pieceBytes)
        buffer.append(text: "PGCOPY\n")
        for byte: UInt8 in [0xFF, 0x0D, 0x0A, 0x00] { buffer.append(byte) }
        buffer.append(0 as Int64)  // flags, and the length of an extension
    }

    /// Begins a row of so many fields.
    @inline(__always)
    public mutating func startRow(fields: Int) throws(PostgresError) {
        if buffer.count >= Self.pieceBytes &- 4096 { try flush() }
        buffer.append(Int16(truncatingIfNeeded: fields))
    }

    // MARK: Fields

    /// NULL.
    @inline(__always)
    public mutating func null() { buffer.append(-1 as Int32) }

    /// A bool.
    public mutating func bool(_ value: Bool) {
        buffer.append(1 as Int32)
        buffer.append(value ? 1 : 0 as UInt8)
    }

    /// An int2.
    @inline(__always)
    public mutating func int2(_ value: Int16) { field(value) }

    /// An int4.
    @inline(__always)
    public mutating func int4(_ value: Int32) { field(value) }

    /// An int8.
    @inline(__always)
    public mutating func int8(_ value: Int64) { field(value) }

    /// A float8, bit for bit.
    @inline(__always)
    public mutating func float8(_ value: Double) { field(value.bitPattern) }

    /// A timestamptz.
    public mutating func timestamp(microsecondsSince1970: Int64) {
        buffer.append(8 as Int32)
        buffer.append(timestamp: microsecondsSince1970)
    }

    /// A text.
    public mutating func text(_ value: String) { buffer.appendField(text: value) }

    /// A text from its UTF-8, or a bytea.
    public mutating func bytes(_ value: RawSpan) {
        buffer.append(Int32(value.byteCount))
        buffer.append(bytes: value)
    }

    /// A jsonb, from its text.
    public mutating func jsonb(_ value: String) {
        let start = buffer.count
        buffer.append(0 as Int32)
        buffer.append(jsonb: value)
        buffer.replace(at: start, with: Int32(buffer.count - start - 4))
    }

    // MARK: Arrays

    /// A float8[]; elements with exactly the bits `nullBits` become NULL.
    @inline(__always)
    public mutating func float8s(_ values: Span<Double>, nullBits: UInt64? = nil) {
        let start = buffer.count
        buffer.append(0 as Int32)
        buffer.append(values, nullBits: nullBits)
        buffer.replace(at: start, with: Int32(buffer.count - start - 4))
    }

    /// An int2[].
    @inline(__always)
    public mutating func int2s(_ values: Span<Int16>) { array(values) }

    /// An int4[].
    @inline(__always)
    public mutating func int4s(_ values: Span<Int32>) { array(values) }

    /// An int8[].
    @inline(__always)
    public mutating func int8s(_ values: Span<Int64>) { array(values) }

    /// A text[].
    public mutating func texts(_ values: [String]) {
        let start = buffer.count
        buffer.append(0 as Int32)
        buffer.append(values)
        buffer.replace(at: start, with: Int32(buffer.count - start - 4))
    }

    // MARK: To the server

    mutating func finish() throws(PostgresError) {
        buffer.append(-1 as Int16)
        try flush()
    }

    @inline(never)
    private mutating func flush() throws(PostgresError) {
        if canceller?.isCancelled == true { throw .cancelled }
        try connection.putCopy(buffer.bytes)
        buffer.removeAll()
    }

    @inline(__always)
    private mutating func field<Number: FixedWidthInteger>(_ value: Number) {
        buffer.append(Int32(truncatingIfNeeded: Number.bitWidth / 8))
        buffer.append(value)
    }

    @inline(__always)
    private mutating func array<Number: FixedWidthInteger & BitwiseCopyable>(
        _ values: Span<Number>
    ) {
        let width = Number.bitWidth / 8
        let size = BinaryBuffer.arraySize(count: values.count, width: width)
        buffer.append(Int32(truncatingIfNeeded: size))
        buffer.append(values)
    }
}

extension PostgresConnection {
    /// Runs `COPY … FROM STDIN (FORMAT binary)` with the rows that `fill` writes.
    ///
    /// Gives their number. If `fill` throws, the server keeps none of them.
    @discardableResult
    public func copyIn(
        _ sql: String, _ fill: (inout CopyWriter) throws(PostgresError) -> Void
    ) throws(PostgresError) -> Int {
        try checkCancelled()
        try handle.send(sql)
        try beginCopy(isIn: true)
        var writer = CopyWriter(handle, canceller)
        do throws(PostgresError) {
            try fill(&writer)
            try writer.finish()
        } catch {
            abandonCopyIn()
            throw error
        }
        try handle.endCopy()
        return try lastResult().affectedRows
    }

    /// Checks that the server agreed to the COPY that the caller is for.
    func beginCopy(isIn: Bool) throws(PostgresError) {
        guard let result = try handle.nextResult() else {
            throw .misuse(what: "the statement is empty")
        }
        if isIn ? result.isBinaryCopyIn : result.isBinaryCopyOut { return }
        if result.kind == .failed {
            let fault = result.fault
            while let rest = try handle.nextResult() { _ = consume rest }
            throw serverError(fault)
        }
        // Whatever runs now was not meant: only a new connection is sure to be in a known state.
        handle.giveUp()
        throw .misuse(
            what: isIn
                ? "copyIn takes COPY … FROM STDIN (FORMAT binary)"
                : "copyOut takes COPY … TO STDOUT (FORMAT binary)")
    }

    /// Ends a COPY so that its rows are dropped; gives the connection up if that fails.
    private func abandonCopyIn() {
        guard handle.isUsable else { return }
        do throws(PostgresError) {
            try handle.endCopy(failing: "the writer gave up")
            while let rest = try handle.nextResult() { _ = consume rest }
        } catch {
            handle.giveUp()
        }
    }
}
