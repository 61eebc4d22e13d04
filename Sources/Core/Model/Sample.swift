/// What a series said at one instant.
public struct Sample: Sendable {
    /// When it was said.
    public let time: Timestamp
    /// What was said.
    public let value: Double

    /// A sample of these two.
    public init(time: Timestamp, value: Double) {
        self.time = time
        self.value = value
    }
}

/// The NaN that says a series has ended; told from other NaNs by its bits alone.
public enum StaleMarker {
    /// The bits of the marker.
    public static let bits: UInt64 = 0x7ff0_0000_0000_0002
    /// The marker as a value.
    public static let value = Double(bitPattern: bits)
    /// The bits of the NaN that a target may report as a value of its own.
    public static let ordinaryNaNBits: UInt64 = 0x7ff8_0000_0000_0001
}

extension Double {
    /// Whether this is the marker, and not a value.
    @inline(__always)
    public var isStaleMarker: Bool { bitPattern == StaleMarker.bits }
}
