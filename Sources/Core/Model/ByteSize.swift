/// A number of bytes, read and written as Prometheus does: units of 1024, `512MB`.
public struct ByteSize: Sendable, Hashable, Comparable {
    /// The number of bytes.
    public let bytes: Int64

    /// This many bytes.
    public init(bytes: Int64) { self.bytes = bytes }

    /// Whether `left` is smaller.
    public static func < (left: ByteSize, right: ByteSize) -> Bool { left.bytes < right.bytes }

    // Largest first, so that the first that divides a size writes it.
    private static let units: [(name: String, bytes: Int64)] = [
        ("EB", 1 << 60), ("PB", 1 << 50), ("TB", 1 << 40), ("GB", 1 << 30), ("MB", 1 << 20),
        ("KB", 1 << 10), ("B", 1),
    ]

    /// Reads a number with a unit, `B` to `EB`; `0` needs none, and a part may follow another:
    /// `1GB512MB`.
    public init(_ text: String) throws(ModelError) {
        guard text != "0" else {
            bytes = 0
            return
        }
        var rest = text.utf8[...]
        var total: Int64 = 0
        guard !rest.isEmpty else { throw .size(text) }
        while !rest.isEmpty {
            let number = rest.prefix {
                (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || $0 == UInt8(ascii: ".")
            }
            let name = rest.dropFirst(number.count).prefix {
                (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) || $0 == UInt8(ascii: "i")
            }
            let plain = name.filter { $0 != UInt8(ascii: "i") }
            guard let unit = Self.units.first(where: { $0.name.utf8.elementsEqual(plain) }),
                let part = Self.product(of: String(Substring(number)), and: unit.bytes)
            else { throw .size(text) }
            let (sum, overflow) = total.addingReportingOverflow(part)
            guard !overflow else { throw .size(text) }
            total = sum
            rest = rest.dropFirst(number.count + name.count)
        }
        bytes = total
    }

    private static func product(of number: String, and unit: Int64) -> Int64? {
        if let whole = Int64(number) {
            let (product, overflow) = whole.multipliedReportingOverflow(by: unit)
            return overflow ? nil : product
        }
        guard let value = Double(number), value * Double(unit) < 0x1p63 else { return nil }
        return Int64(value * Double(unit))
    }
}

extension ByteSize: CustomStringConvertible {
    /// The size in the largest unit that gives a whole number: `512MB`.
    public var description: String {
        guard bytes != 0, let unit = Self.units.first(where: { bytes % $0.bytes == 0 }) else {
            return "0B"
        }
        return "\(bytes / unit.bytes)\(unit.name)"
    }
}
