public import Model

extension MessageReader {
    /// A run of buckets: `BucketSpan`, which all of Prometheus's messages have alike.
    public static func span(
        _ bytes: Span<UInt8>, _ range: Range<Int>
    ) throws(Failure) -> NativeHistogram.Span {
        var offset: Int32 = 0
        var length: UInt32 = 0
        var at = range.lowerBound
        let part = bytes.extracting(0..<range.upperBound)
        while at < range.upperBound {
            let field = try Self.field(part, &at)
            if field.number == 1 { offset = Int32(truncatingIfNeeded: field.zigzag) }
            if field.number == 2 { length = UInt32(truncatingIfNeeded: field.bits) }
        }
        return NativeHistogram.Span(offset: offset, length: length)
    }

    /// One signed number, or a packed list of them.
    public static func append(
        _ field: Field, _ bytes: Span<UInt8>, to list: inout [Int64]
    ) throws(Failure) {
        guard field.isBytes else { return list.append(field.zigzag) }
        var at = field.range.lowerBound
        let part = bytes.extracting(0..<field.range.upperBound)
        while at < field.range.upperBound {
            let value = Field(
                number: 0, bits: try varint(part, &at))
            list.append(value.zigzag)
        }
    }

    /// One number, or a packed list of them.
    public static func append(
        _ field: Field, _ bytes: Span<UInt8>, to list: inout [Double]
    ) throws(Failure) {
        guard field.isBytes else { return list.append(field.double) }
        guard field.range.count % 8 == 0 else { throw .malformed }
        for start in stride(from: field.range.lowerBound, to: field.range.upperBound, by: 8) {
            var bits: UInt64 = 0
            for index in (0..<8).reversed() { bits = bits << 8 | UInt64(bytes[start + index]) }
            list.append(Double(bitPattern: bits))
        }
    }
}
