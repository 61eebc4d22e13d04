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

    /// What is known of the way from the histogram before to this one.
    public enum ResetHint: UInt8, Sendable, Hashable {
        /// Nothing is known: whoever compares has to look.
        case unknown
        /// Counting began anew with this one.
        case reset
        /// Counting went on.
        case notReset
        /// Its counts go up and down.
        case gauge
    }

    /// The schema of histograms whose buckets end at `customBounds`.
    public static let customSchema: Int32 = -53

    /// What is known of the way from the histogram before to this one.
    public var resetHint = ResetHint.unknown
    /// Each power of two holds 2^schema buckets; `customSchema` for bounds of its own.
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

    /// The upper ends of the buckets where the schema is `customSchema`.
    public var customBounds: [Double] = []

    /// A histogram of nothing.
    public init() {}

    /// Whether its counts go up and down.
    public var isGauge: Bool {
        get { resetHint == .gauge }
        set { resetHint = newValue ? .gauge : .unknown }
    }
}
