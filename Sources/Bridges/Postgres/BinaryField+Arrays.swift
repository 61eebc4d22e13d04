/// Arrays of the types that Weir keeps samples in.
///
/// `missing` takes the place of NULL elements; without it an array that has one is refused.
extension BinaryField {
    @inline(__always)
    func append(to array: inout [Double], missing: Double?) throws(PostgresError) {
        try BinaryArray(self, of: .float8)
            .append(to: &array, missing: missing, zero: 0, raw: UInt64.self) {
                Double(bitPattern: $0)
            }
    }

    @inline(__always)
    func append(to array: inout [Int64], missing: Int64?) throws(PostgresError) {
        try BinaryArray(self, of: .int8)
            .append(to: &array, missing: missing, zero: 0, raw: Int64.self) { $0 }
    }

    @inline(__always)
    func append(to array: inout [Int32], missing: Int32?) throws(PostgresError) {
        try BinaryArray(self, of: .int4)
            .append(to: &array, missing: missing, zero: 0, raw: Int32.self) { $0 }
    }

    @inline(__always)
    func append(to array: inout [Int16], missing: Int16?) throws(PostgresError) {
        try BinaryArray(self, of: .int2)
            .append(to: &array, missing: missing, zero: 0, raw: Int16.self) { $0 }
    }

    func append(to array: inout [String], missing: String?) throws(PostgresError) {
        let elements = try BinaryArray(self, of: .text)
        array.reserveCapacity(array.count + elements.count)
        try elements.forEach { field throws(PostgresError) in
            guard let text = field?.text() ?? missing else {
                throw .malformed(what: "an array without NULL")
            }
            array.append(text)
        }
    }

    /// Each element of a text array as bytes, without a string made of it.
    func forEachText(
        _ body: (Span<UInt8>?) throws(PostgresError) -> Void
    ) throws(PostgresError) {
        try BinaryArray(self, of: .text).forEach { field throws(PostgresError) in
            guard let field else { return try body(nil) }
            try body(field.bytes.bindMemory(to: UInt8.self).span)
        }
    }
}
