/// An address of IPv4 or IPv6.
public struct IPAddress: Sendable, Hashable, CustomStringConvertible {
    /// Whether it is of IPv4.
    public let isIPv4: Bool
    // An IPv4 address is kept as IPv6 maps it (::ffff:a.b.c.d), so that both have 128 bits.
    let high: UInt64
    let low: UInt64

    private static let mapped: UInt64 = 0xffff_0000_0000

    /// Reads an address such as `10.0.0.7` or `fd00::1`; a mapped `::ffff:10.0.0.7` is the former.
    ///
    /// Brackets and a zone (`fe80::1%eth0`) are understood and dropped.
    public init(_ text: String) throws(AccessError) {
        var rest = text.utf8[...]
        if rest.first == UInt8(ascii: "["), rest.last == UInt8(ascii: "]") {
            rest = rest.dropFirst().dropLast()
        }
        if let zone = rest.firstIndex(of: UInt8(ascii: "%")) { rest = rest[..<zone] }
        if let value = Self.readIPv4(rest) {
            self.init(ipv4: value)
        } else if let (high, low) = Self.readIPv6(rest) {
            self.init(high: high, low: low)
        } else {
            throw .address(text)
        }
    }

    /// The address of these 4 or 16 bytes, in the order of the network, or `nil`.
    public init?(bytes: [UInt8]) {
        func number(_ bytes: ArraySlice<UInt8>) -> UInt64 {
            bytes.reduce(0) { $0 << 8 | UInt64($1) }
        }
        switch bytes.count {
        case 4: self.init(ipv4: UInt32(number(bytes[...])))
        case 16: self.init(high: number(bytes[..<8]), low: number(bytes[8...]))
        default: return nil
        }
    }

    private init(ipv4 value: UInt32) {
        isIPv4 = true
        high = 0
        low = Self.mapped | UInt64(value)
    }

    private init(high: UInt64, low: UInt64) {
        isIPv4 = high == 0 && low >> 32 == 0xffff
        self.high = high
        self.low = low
    }

    /// Whether only this machine can reach it: 127.0.0.0/8 and ::1.
    public var isLoopback: Bool {
        isIPv4 ? UInt8(truncatingIfNeeded: low >> 24) == 127 : high == 0 && low == 1
    }

    /// What is counted as one neighbour: the address itself, or the /64 of IPv6, which one has whole.
    var neighbour: IPAddress { isIPv4 ? self : IPAddress(high: high, low: 0) }

    /// The address as RFC 5952 writes it.
    public var description: String {
        if isIPv4 {
            return (0..<4).map { "\(low >> UInt64(24 - 8 * $0) & 255)" }.joined(separator: ".")
        }
        let groups = [high, low].flatMap { half in
            (0..<4).map { UInt16(truncatingIfNeeded: half >> UInt64(48 - 16 * $0)) }
        }
        let run = Self.longestRunOfZeros(groups)
        func text(_ groups: ArraySlice<UInt16>) -> String {
            groups.map { String($0, radix: 16) }.joined(separator: ":")
        }
        guard run.count > 1 else { return text(groups[...]) }
        return text(groups[..<run.lowerBound]) + "::" + text(groups[run.upperBound...])
    }

    private static func longestRunOfZeros(_ groups: [UInt16]) -> Range<Int> {
        var best = 0..<0
        var start = 0
        for (index, group) in groups.enumerated() {
            if group != 0 { start = index + 1 }
            if index + 1 - start > best.count { best = start..<(index + 1) }
        }
        return best
    }

    private static func readIPv4(_ text: Substring.UTF8View) -> UInt32? {
        let parts = text.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var value: UInt32 = 0
        for part in parts {
            // A leading zero would be octal to some readers, so that it is refused.
            guard (1...3).contains(part.count), part.count == 1 || part.first != UInt8(ascii: "0"),
                part.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
                let byte = UInt8(String(Substring(part)))
            else { return nil }
            value = value << 8 | UInt32(byte)
        }
        return value
    }

    private static func readIPv6(_ text: Substring.UTF8View) -> (UInt64, UInt64)? {
        let bytes = Array(text)
        let gap = (0..<max(0, bytes.count - 1)).first {
            bytes[$0] == UInt8(ascii: ":") && bytes[$0 + 1] == UInt8(ascii: ":")
        }
        let groups: [UInt16]
        if let gap {
            guard let before = readGroups(bytes[..<gap], mayEndInIPv4: false),
                let after = readGroups(bytes[(gap + 2)...]),
                before.count + after.count < 8
            else { return nil }
            groups = before + Array(repeating: 0, count: 8 - before.count - after.count) + after
        } else {
            guard let all = readGroups(bytes[...]), all.count == 8 else { return nil }
            groups = all
        }
        func half(_ part: ArraySlice<UInt16>) -> UInt64 { part.reduce(0) { $0 << 16 | UInt64($1) } }
        return (half(groups[..<4]), half(groups[4...]))
    }

    private static func readGroups(
        _ bytes: ArraySlice<UInt8>, mayEndInIPv4: Bool = true
    ) -> [UInt16]? {
        guard !bytes.isEmpty else { return [] }
        var groups: [UInt16] = []
        let parts = bytes.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        for (index, part) in parts.enumerated() {
            let text = String(decoding: part, as: UTF8.self)
            if mayEndInIPv4, index == parts.count - 1, part.contains(UInt8(ascii: ".")) {
                guard let tail = readIPv4(text.utf8[...]) else { return nil }
                groups += [UInt16(tail >> 16), UInt16(truncatingIfNeeded: tail)]
            } else {
                guard (1...4).contains(part.count), part.first != UInt8(ascii: "+"),
                    let group = UInt16(text, radix: 16)
                else { return nil }
                groups.append(group)
            }
        }
        return groups
    }
}

/// A network in CIDR form, or a single address.
public struct Network: Sendable, Hashable, CustomStringConvertible {
    private let base: IPAddress
    private let bits: Int

    /// Reads `10.0.0.0/8`, `fd00::/8` or a single address.
    ///
    /// Bits behind the prefix have to be zero, since a network that was meant otherwise would be
    /// another one.
    public init(_ text: String) throws(AccessError) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        let address: IPAddress
        do { address = try IPAddress(String(parts[0])) } catch { throw .network(text) }
        let widest = address.isIPv4 ? 32 : 128
        var prefix = widest
        if parts.count > 1 {
            let isNumber = parts[1].utf8.allSatisfy { (0x30...0x39).contains($0) }
            guard parts.count == 2, isNumber, let given = Int(parts[1]), given <= widest else {
                throw .network(text)
            }
            prefix = given
        }
        base = address
        bits = prefix + 128 - widest
        guard Self.cut(address, bits) == (address.high, address.low) else { throw .network(text) }
    }

    /// Whether `address` lies in the network; IPv4 and IPv6 never lie in each other's.
    public func contains(_ address: IPAddress) -> Bool {
        address.isIPv4 == base.isIPv4 && Self.cut(address, bits) == (base.high, base.low)
    }

    /// The network in CIDR form.
    public var description: String { "\(base)/\(base.isIPv4 ? bits - 96 : bits)" }

    private static func cut(_ address: IPAddress, _ bits: Int) -> (UInt64, UInt64) {
        func mask(_ bits: Int) -> UInt64 { bits <= 0 ? 0 : ~0 << UInt64(64 - min(bits, 64)) }
        return (address.high & mask(bits), address.low & mask(bits - 64))
    }
}
