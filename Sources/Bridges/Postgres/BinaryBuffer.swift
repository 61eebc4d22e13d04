/// A growing buffer of values in PostgreSQL's binary form.
///
/// Storage of its own and no array, because it is written value by value on the hot path.
struct BinaryBuffer: ~Copyable {
    private var start: UnsafeMutableRawPointer
    private var capacity: Int
    private(set) var count = 0

    init(capacity: Int) {
        start = .allocate(byteCount: capacity, alignment: 16)
        self.capacity = capacity
    }

    deinit { start.deallocate() }

    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: start, count: count) }
    var room: Int { capacity &- count }

    mutating func removeAll() { count = 0 }

    @inline(__always)
    mutating func reserve(_ more: Int) {
        if more > capacity &- count { grow(by: more) }
    }

    @inline(never)
    private mutating func grow(by more: Int) {
        let larger = max(capacity * 2, count + more)
        let moved = UnsafeMutableRawPointer.allocate(byteCount: larger, alignment: 16)
        moved.copyMemory(from: start, byteCount: count)
        start.deallocate()
        (start, capacity) = (moved, larger)
    }

    @inline(__always)
    mutating func append<Number: FixedWidthInteger>(_ value: Number) {
        reserve(Number.bitWidth / 8)
        put(value)
    }

    mutating func append(text: String) {
        var text = text
        text.withUTF8 { append($0) }
    }

    mutating func append(bytes: RawSpan) { bytes.withUnsafeBytes { append($0) } }

    mutating func append(timestamp microsecondsSince1970: Int64) {
        let isInfinite = microsecondsSince1970 == .min || microsecondsSince1970 == .max
        append(
            isInfinite ? microsecondsSince1970 : microsecondsSince1970 - microsecondsFrom1970To2000)
    }

    mutating func append(jsonb: String) {
        append(1 as UInt8)
        append(text: jsonb)
    }

    // MARK: Arrays

    /// Writes `values` as an int2[], int4[] or int8[], by their width.
    @inline(__always)
    mutating func append<Number: FixedWidthInteger & BitwiseCopyable>(_ values: Span<Number>) {
        let width = Number.bitWidth / 8
        let type: PostgresType = width == 2 ? .int2 : width == 4 ? .int4 : .int8
        reserve(20 + values.count * (width + 4))
        putArrayHead(count: values.count, hasNulls: false, type)
        for index in values.indices {
            put(Int32(truncatingIfNeeded: width))
            put(values[unchecked: index])
        }
    }

    /// Writes `values` as a float8[], with NULL where the bits are `nullBits`.
    @inline(__always)
    mutating func append(_ values: Span<Double>, nullBits: UInt64?) {
        reserve(20 + values.count * 12)
        let flag = count + 4
        putArrayHead(count: values.count, hasNulls: false, .float8)
        guard let nullBits else {
            for index in values.indices {
                put(8 as Int32)
                put(values[unchecked: index].bitPattern)
            }
            return
        }
        var hasNulls = false
        for index in values.indices {
            let bits = values[unchecked: index].bitPattern
            if bits == nullBits {
                put(-1 as Int32)
                hasNulls = true
            } else {
                put(8 as Int32)
                put(bits)
            }
        }
        if hasNulls && !values.isEmpty {
            start.storeBytes(of: Int32(1).bigEndian, toByteOffset: flag, as: Int32.self)
        }
    }

    mutating func append(_ values: [String]) {
        reserve(20)
        putArrayHead(count: values.count, hasNulls: false, .text)
        for value in values { appendField(text: value) }
    }

    /// A text with its length in front.
    mutating func appendField(text: String) {
        var text = text
        text.withUTF8 { utf8 in
            append(Int32(utf8.count))
            append(UnsafeRawBufferPointer(utf8))
        }
    }

    @inline(__always)
    static func arraySize(count: Int, width: Int) -> Int {
        count == 0 ? 12 : 20 + count * (width + 4)
    }

    // MARK: The bytes themselves

    private mutating func putArrayHead(count: Int, hasNulls: Bool, _ element: PostgresType) {
        put(Int32(count == 0 ? 0 : 1))
        put(Int32(hasNulls ? 1 : 0))
        put(element.rawValue)
        if count > 0 {
            put(Int32(count))
            put(1 as Int32)
        }
    }

    mutating func append(_ bytes: UnsafeRawBufferPointer) {
        reserve(bytes.count)
        if let from = bytes.baseAddress {
            (start + count).copyMemory(from: from, byteCount: bytes.count)
        }
        count &+= bytes.count
    }

    private mutating func append(_ bytes: UnsafeBufferPointer<UInt8>) {
        append(UnsafeRawBufferPointer(bytes))
    }

    /// Puts a value where `reserve` has made room.
    @inline(__always)
    private mutating func put<Number: FixedWidthInteger>(_ value: Number) {
        start.storeBytes(of: value.bigEndian, toByteOffset: count, as: Number.self)
        count &+= Number.bitWidth / 8
    }

    /// Overwrites four bytes that were written before.
    mutating func replace(at offset: Int, with value: Int32) {
        start.storeBytes(of: value.bigEndian, toByteOffset: offset, as: Int32.self)
    }
}
