/// A histogram with exponential buckets, as Prometheus keeps it.
public struct NativeHistogram: Sendable, Hashable {
    /// A run of buckets in use.
    public struct Span: Sendable, Hashable {
        /// Buckets left out before it; for the first one, the index of its first bucket.
        public let offset: Int32
        /// How many buckets it has.
        public let length: UInt32

        /// A run of these two.
        public init(offset: Int32, length: UInt32) {
            self.offset = offset
            self.length = length
        }
    }

    /// The counts of the buckets in use.
    public enum Buckets: Sendable, Hashable {
        /// Whole counts, each as the difference from the one before.
        case deltas([Int64])
        /// Counts as they are.
        case counts([Double])
    }

    /// Whether its counts go up and down.
    public var isGauge = false
    /// Each power of two holds 2^schema buckets.
    public var schema: Int32 = 0
    /// Observations nearer to zero than this are in the zero bucket.
    public var zeroThreshold = 0.0
    /// What the zero bucket holds.
    public var zeroCount = 0.0
    /// All observations.
    public var count = 0.0
    /// The sum of all observations.
    public var sum = 0.0
    /// The runs above zero.
    public var positiveSpans: [Span] = []
    /// Their counts.
    public var positive = Buckets.deltas([])
    /// The runs below zero.
    public var negativeSpans: [Span] = []
    /// Their counts.
    public var negative = Buckets.deltas([])

    /// A histogram of nothing.
    public init() {}
}
