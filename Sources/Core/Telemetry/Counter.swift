import Synchronization

/// Counts up; adding costs one atomic instruction.
public final class Counter: Sendable {
    private let count = Atomic<UInt64>(0)

    /// A counter at zero.
    public init() {}

    /// What has been counted so far.
    public var value: UInt64 { count.load(ordering: .relaxed) }

    /// Counts `amount` more.
    @inline(__always)
    public func add(_ amount: Int = 1) {
        count.wrappingAdd(UInt64(amount), ordering: .relaxed)
    }
}
