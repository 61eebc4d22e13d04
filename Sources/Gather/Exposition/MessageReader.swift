/// The wire format of Protocol Buffers, field by field; the caller keeps the place.
public enum MessageReader {
    /// A field's number and what it holds.
    public struct Field {
        /// Its number.
        public var number: Int
        /// A varint's value, or the bits of a fixed number.
        public var bits: UInt64 = 0
        /// Where the bytes of a message, text or packed list stand.
        public var range = 0..<0
        /// Whether `range` counts, and not `bits`.
        public var isBytes = false

        /// What a fixed number of eight bytes means as a floating-point number.
        public var double: Double { Double(bitPattern: bits) }
        /// A signed number in zigzag.
        public var zigzag: Int64 { Int64(bitPattern: bits >> 1) ^ -Int64(bitPattern: bits & 1) }
    }

    /// What kept a field from being read.
    public enum Failure: Error {
        /// The bytes end within it; more may come.
        case cutOff
        /// No bytes behind it would make it a field.
        case malformed
    }

    /// The next field; `at` moves behind it.
    @inline(__always)
    public static func field(_ bytes: Span<UInt8>, _ at: inout Int) throws(Failure) -> Field {
        var next = at
        let tag = try varint(bytes, &next)
        guard tag >> 3 > 0, tag <= UInt64(UInt32.max) else { throw .malformed }
        var field = Field(number: Int(tag >> 3))
        switch tag & 7 {
        case 0: field.bits = try varint(bytes, &next)
        case 1: field.bits = try fixed(bytes, &next, size: 8)
        case 2:
            let size = try varint(bytes, &next)
            guard size <= UInt64(Int32.max) else { throw .malformed }
            guard Int(size) <= bytes.count - next else { throw .cutOff }
            field.range = next..<next + Int(size)
            field.isBytes = true
            next += Int(size)
        case 5: field.bits = try fixed(bytes, &next, size: 4)
        default: throw .malformed
        }
        at = next
        return field
    }

    /// A number of 7 bits a byte, the lowest first.
    @inline(__always)
    public static func varint(_ bytes: Span<UInt8>, _ at: inout Int) throws(Failure) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while at < bytes.count {
            let byte = bytes[at]
            at += 1
            // The tenth byte has room for one bit.
            if shift == 63, byte > 1 { throw .malformed }
            value |= UInt64(byte & 0x7f) << shift
            if byte < 0x80 { return value }
            shift += 7
        }
        throw .cutOff
    }

    private static func fixed(
        _ bytes: Span<UInt8>, _ at: inout Int, size: Int
    ) throws(Failure) -> UInt64 {
        guard bytes.count - at >= size else { throw .cutOff }
        var value: UInt64 = 0
        for index in (0..<size).reversed() { value = value << 8 | UInt64(bytes[at + index]) }
        at += size
        return value
    }
}
