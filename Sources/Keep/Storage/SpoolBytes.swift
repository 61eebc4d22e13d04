import Model

/// Writes the parts of a spooled batch: small numbers take one byte.
struct SpoolBytes {
    private(set) var bytes: [UInt8] = []

    mutating func byte(_ value: UInt8) { bytes.append(value) }

    mutating func number(_ value: some FixedWidthInteger) {
        var rest = UInt64(truncatingIfNeeded: value)
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    mutating func signed(_ value: Int64) {
        number(UInt64(bitPattern: (value << 1) ^ (value >> 63)))
    }

    mutating func time(_ time: Timestamp) { signed(time.milliseconds) }

    mutating func text(_ text: String) {
        number(text.utf8.count)
        bytes += text.utf8
    }

    mutating func block(_ block: [UInt8]) {
        number(block.count)
        bytes += block
    }

    mutating func labels(_ labels: Labels) {
        number(labels.count)
        for label in labels {
            text(label.name)
            text(label.value)
        }
    }

    mutating func double(_ value: Double) { doubles([value]) }

    /// The doubles' own bytes; how many has to be told before.
    mutating func doubles(_ values: [Double]) {
        // Safe: the bytes of a double are any bytes.
        unsafe values.withUnsafeBytes { unsafe bytes.append(contentsOf: $0) }
    }

    mutating func list<Element>(
        _ elements: [Element], _ write: (inout SpoolBytes, Element) -> Void
    ) {
        number(elements.count)
        for element in elements { write(&self, element) }
    }
}

/// Bytes that no `SpoolBytes` wrote.
struct NotSpooled: Error {}

/// Reads what `SpoolBytes` wrote, and throws where something else stands.
struct SpoolReader {
    private let bytes: [UInt8]
    private var at = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    var isAtEnd: Bool { at == bytes.count }

    mutating func byte() throws(NotSpooled) -> UInt8 {
        guard at < bytes.count else { throw NotSpooled() }
        defer { at += 1 }
        return bytes[at]
    }

    mutating func number<Number: FixedWidthInteger>(
        _ type: Number.Type = Number.self
    ) throws(NotSpooled) -> Number {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while shift < 64 {
            let byte = try byte()
            value |= UInt64(byte & 0x7f) << shift
            if byte < 0x80 {
                guard let number = Number(exactly: value) else { throw NotSpooled() }
                return number
            }
            shift += 7
        }
        throw NotSpooled()
    }

    mutating func signed() throws(NotSpooled) -> Int64 {
        let value = try number(UInt64.self)
        return Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
    }

    mutating func time() throws(NotSpooled) -> Timestamp { Timestamp(milliseconds: try signed()) }

    /// How many things of at least so many bytes follow, which then have to be there.
    mutating func count(of size: Int = 1) throws(NotSpooled) -> Int {
        let count = try number(Int.self)
        guard count <= (bytes.count - at) / size else { throw NotSpooled() }
        return count
    }

    mutating func block() throws(NotSpooled) -> [UInt8] {
        let count = try count()
        defer { at += count }
        return Array(bytes[at..<at + count])
    }

    mutating func text() throws(NotSpooled) -> String {
        let count = try count()
        defer { at += count }
        return String(decoding: bytes[at..<at + count], as: UTF8.self)
    }

    mutating func labels() throws(NotSpooled) -> Labels {
        let labels = try list { reader throws(NotSpooled) in
            Label(try reader.text(), try reader.text())
        }
        return Labels(labels)
    }

    mutating func double() throws(NotSpooled) -> Double { try doubles(1)[0] }

    mutating func doubles(_ count: Int) throws(NotSpooled) -> [Double] {
        guard count >= 0, count <= (bytes.count - at) / 8 else { throw NotSpooled() }
        let start = at
        at += count * 8
        // Safe: all bytes of all elements are copied from bytes that are there.
        return unsafe [Double](unsafeUninitializedCapacity: count) { buffer, filled in
            unsafe bytes.withUnsafeBytes { source in
                unsafe UnsafeMutableRawBufferPointer(buffer).copyMemory(
                    from: UnsafeRawBufferPointer(rebasing: source[start..<start + count * 8]))
            }
            filled = count
        }
    }

    mutating func list<Element>(
        _ read: (inout SpoolReader) throws(NotSpooled) -> Element
    ) throws(NotSpooled) -> [Element] {
        let count = try count()
        var elements: [Element] = []
        elements.reserveCapacity(count)
        for _ in 0..<count { elements.append(try read(&self)) }
        return elements
    }
}
