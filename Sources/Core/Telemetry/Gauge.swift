import Synchronization

/// Goes up and down; setting costs one atomic instruction.
public final class Gauge: Sendable {
    private let bits = Atomic<UInt64>(0)

    /// A gauge at zero.
    public init() {}

    /// The value that was set last.
    public var value: Double { Double(bitPattern: bits.load(ordering: .relaxed)) }

    /// Sets the value.
    @inline(__always)
    public func set(_ value: Double) { bits.store(value.bitPattern, ordering: .relaxed) }

    /// Adds to the value, which may be less than zero.
    public func add(_ amount: Double) {
        var old = bits.load(ordering: .relaxed)
        while true {
            let new = (Double(bitPattern: old) + amount).bitPattern
            let (done, seen) = bits.weakCompareExchange(
                expected: old, desired: new, ordering: .relaxed)
            if done { return }
            old = seen
        }
    }
}
