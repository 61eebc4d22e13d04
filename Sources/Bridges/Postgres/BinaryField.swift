/// One field as the server sends it in binary; valid while its result or row is.
struct BinaryField {
    let bytes: UnsafeRawBufferPointer

    func integer() throws(PostgresError) -> Int64 {
        switch bytes.count {
        case 2: Int64(load(Int16.self))
        case 4: Int64(load(Int32.self))
        case 8: load(Int64.self)
        default: throw .malformed(what: "an integer")
        }
    }

    func double() throws(PostgresError) -> Double {
        switch bytes.count {
        case 4: Double(Float(bitPattern: load(UInt32.self)))
        case 8: Double(bitPattern: load(UInt64.self))
        default: throw .malformed(what: "a float")
        }
    }

    func bool() throws(PostgresError) -> Bool {
        guard bytes.count == 1 else { throw .malformed(what: "a bool") }
        return bytes[0] != 0
    }

    func text() -> String { String(decoding: bytes, as: UTF8.self) }

    /// jsonb puts a version before its text; `json` and text do not.
    func jsonb() throws(PostgresError) -> String {
        guard bytes.first == 1 else { throw .malformed(what: "jsonb") }
        return String(decoding: bytes.dropFirst(), as: UTF8.self)
    }

    func microsecondsSince1970() throws(PostgresError) -> Int64 {
        guard bytes.count == 8 else { throw .malformed(what: "a timestamp") }
        let since2000 = load(Int64.self)
        // The ends of the range stand for -infinity and infinity.
        if since2000 == .min || since2000 == .max { return since2000 }
        let (since1970, overflow) = since2000.addingReportingOverflow(microsecondsFrom1970To2000)
        return overflow ? .max : since1970
    }

    @inline(__always)
    private func load<Number: FixedWidthInteger>(_ type: Number.Type) -> Number {
        Number(bigEndian: bytes.loadUnaligned(as: type))
    }
}

/// A one-dimensional array in PostgreSQL's binary form: a head of 20 bytes, then each element
/// with its length in front, -1 for NULL.
struct BinaryArray {
    let count: Int
    let hasNulls: Bool
    private let elements: UnsafeRawBufferPointer

    init(_ field: BinaryField, of type: PostgresType) throws(PostgresError) {
        let bytes = field.bytes
        func word(_ offset: Int) -> Int32 {
            Int32(bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: Int32.self))
        }
        guard bytes.count >= 12, word(8) == Int32(type.rawValue) else {
            throw .malformed(what: "an array of \(type.name)")
        }
        hasNulls = word(4) != 0
        if word(0) == 0 {
            count = 0
            elements = UnsafeRawBufferPointer(start: nil, count: 0)
            return
        }
        guard word(0) == 1, bytes.count >= 20, word(12) >= 0,
            // Each element takes four bytes at least, so a wrong count cannot ask for the moon.
            bytes.count - 20 >= 4 * Int(word(12))
        else { throw .malformed(what: "a flat array of \(type.name)") }
        count = Int(word(12))
        elements = UnsafeRawBufferPointer(rebasing: bytes[20...])
    }

    /// Appends the elements, each `Raw.bitWidth` wide, in one pass and without a copy of each.
    @inline(__always)
    func append<Raw: FixedWidthInteger, Element>(
        to array: inout [Element], missing: Element?, zero: Element, raw: Raw.Type,
        _ convert: (Raw) -> Element
    ) throws(PostgresError) {
        let width = Raw.bitWidth / 8
        let first = array.count
        array.append(contentsOf: repeatElement(zero, count: count))
        let filled = array.withUnsafeMutableBufferPointer { all -> Bool in
            let target = UnsafeMutableBufferPointer(rebasing: all[first...])
            return hasNulls
                ? fill(target, missing: missing, width: width, convert)
                : fill(target, width: width, convert)
        }
        if !filled {
            array.removeSubrange(first...)
            throw .malformed(what: missing == nil ? "an array without NULL" : "an array")
        }
    }

    @inline(__always)
    private func fill<Raw: FixedWidthInteger, Element>(
        _ target: UnsafeMutableBufferPointer<Element>, width: Int, _ convert: (Raw) -> Element
    ) -> Bool {
        guard elements.count == count &* (width &+ 4) else { return false }
        guard count > 0, let start = elements.baseAddress else { return true }
        var offset = 4
        for index in 0..<count {
            let raw = (start + offset).loadUnaligned(as: Raw.self)
            target[index] = convert(Raw(bigEndian: raw))
            offset &+= width &+ 4
        }
        return true
    }

    @inline(__always)
    private func fill<Raw: FixedWidthInteger, Element>(
        _ target: UnsafeMutableBufferPointer<Element>, missing: Element?, width: Int,
        _ convert: (Raw) -> Element
    ) -> Bool {
        var offset = 0
        for index in 0..<count {
            guard let length = lengthOfElement(at: &offset) else { return false }
            if length < 0 {
                guard let missing else { return false }
                target[index] = missing
            } else {
                guard length == width, offset + width <= elements.count else { return false }
                let raw = elements.loadUnaligned(fromByteOffset: offset, as: Raw.self)
                target[index] = convert(Raw(bigEndian: raw))
                offset += width
            }
        }
        return offset == elements.count
    }

    /// Runs `body` on the bytes of each element, `nil` for NULL.
    func forEach(
        _ body: (BinaryField?) throws(PostgresError) -> Void
    ) throws(PostgresError) {
        var offset = 0
        for _ in 0..<count {
            guard let length = lengthOfElement(at: &offset),
                offset + max(0, length) <= elements.count
            else { throw .malformed(what: "an array") }
            if length < 0 {
                try body(nil)
            } else {
                let range = offset..<(offset + length)
                try body(BinaryField(bytes: UnsafeRawBufferPointer(rebasing: elements[range])))
                offset += length
            }
        }
    }

    private func lengthOfElement(at offset: inout Int) -> Int? {
        guard offset + 4 <= elements.count else { return nil }
        defer { offset += 4 }
        let raw = elements.loadUnaligned(fromByteOffset: offset, as: Int32.self)
        return Int(Int32(bigEndian: raw))
    }
}
