/// A parameter of a statement.
///
/// Arrays are taken as they are and written in one pass.
public enum PostgresValue: Sendable {
    /// NULL, of a type that the server works out from the statement.
    case null
    /// A bool.
    case bool(Bool)
    /// An int2.
    case int2(Int16)
    /// An int4.
    case int4(Int32)
    /// An int8.
    case int8(Int64)
    /// A float8, bit for bit.
    case float8(Double)
    /// A text.
    case text(String)
    /// A bytea.
    case bytes([UInt8])
    /// A timestamptz.
    case timestamp(microsecondsSince1970: Int64)
    /// A jsonb, from its text.
    case jsonb(String)
    /// An int2[].
    case int2s([Int16])
    /// An int4[].
    case int4s([Int32])
    /// An int8[].
    case int8s([Int64])
    /// A float8[]; elements with exactly these bits, if any are named, become NULL.
    case float8s([Double], nullBits: UInt64? = nil)
    /// A text[].
    case texts([String])

    /// What the server is told about the type; 0 lets it work it out.
    var type: UInt32 {
        switch self {
        case .null: 0
        case .bool: PostgresType.bool.rawValue
        case .int2: PostgresType.int2.rawValue
        case .int4: PostgresType.int4.rawValue
        case .int8: PostgresType.int8.rawValue
        case .float8: PostgresType.float8.rawValue
        case .text: PostgresType.text.rawValue
        case .bytes: PostgresType.bytea.rawValue
        case .timestamp: PostgresType.timestamptz.rawValue
        case .jsonb: PostgresType.jsonb.rawValue
        case .int2s: PostgresType.int2Array.rawValue
        case .int4s: PostgresType.int4Array.rawValue
        case .int8s: PostgresType.int8Array.rawValue
        case .float8s: PostgresType.float8Array.rawValue
        case .texts: PostgresType.textArray.rawValue
        }
    }

    /// Appends the value in binary, without a length in front.
    func write(to buffer: inout BinaryBuffer) {
        switch self {
        case .null: break
        case .bool(let value): buffer.append(value ? 1 : 0 as UInt8)
        case .int2(let value): buffer.append(value)
        case .int4(let value): buffer.append(value)
        case .int8(let value): buffer.append(value)
        case .float8(let value): buffer.append(value.bitPattern)
        case .text(let value): buffer.append(text: value)
        case .bytes(let value): buffer.append(bytes: value.span.bytes)
        case .timestamp(let value): buffer.append(timestamp: value)
        case .jsonb(let value): buffer.append(jsonb: value)
        case .int2s(let values): buffer.append(values.span)
        case .int4s(let values): buffer.append(values.span)
        case .int8s(let values): buffer.append(values.span)
        case .float8s(let values, let nullBits): buffer.append(values.span, nullBits: nullBits)
        case .texts(let values): buffer.append(values)
        }
    }

    var isNull: Bool { if case .null = self { true } else { false } }
}

/// The parameters of one statement, laid out as libpq takes them.
struct ParameterBuffer: ~Copyable {
    private var buffer = BinaryBuffer(capacity: 1024)
    private(set) var types: [UInt32] = []
    private var starts: [Int] = []
    private var lengths: [Int32] = []

    init(_ values: [PostgresValue]) {
        for value in values {
            let start = buffer.count
            value.write(to: &buffer)
            types.append(value.type)
            starts.append(value.isNull ? -1 : start)
            lengths.append(Int32(buffer.count - start))
        }
    }

    borrowing func withPointers(
        _ body: (
            _ count: Int32, _ types: [UInt32], _ values: [UnsafePointer<CChar>?],
            _ lengths: [Int32], _ formats: [Int32]
        ) -> Int32
    ) -> Int32 {
        let first = buffer.bytes.baseAddress?.assumingMemoryBound(to: CChar.self)
        let values = starts.map { start in start < 0 ? nil : first.map { $0 + start } }
        let formats = [Int32](repeating: 1, count: types.count)
        return body(Int32(types.count), types, values, lengths, formats)
    }
}
