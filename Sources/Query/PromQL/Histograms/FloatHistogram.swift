public import Model

/// A native histogram as expressions calculate with it: all counts absolute, and fractions too.
public struct FloatHistogram: Sendable, Hashable {
    /// What is known of the way from the histogram before to this one.
    public var resetHint = NativeHistogram.ResetHint.unknown
    /// Each power of two holds 2^schema buckets; -53 for bounds of its own.
    public var schema: Int32 = 0
    /// Observations nearer to zero than this are in the zero bucket.
    public var zeroThreshold = 0.0
    /// What the zero bucket holds.
    public var zeroCount = 0.0
    /// All observations.
    public var count = 0.0
    /// The sum of all observations.
    public var sum = 0.0
    /// The buckets above zero; all of them, where the bounds are its own.
    public var positive = BucketSide()
    /// The buckets below zero.
    public var negative = BucketSide()
    /// The upper ends of the buckets, where the bounds are its own.
    public var customBounds: [Double] = []

    /// A histogram of nothing.
    public init() {}

    /// The histogram that `native` is.
    public init(_ native: NativeHistogram) {
        resetHint = native.resetHint
        schema = native.schema
        zeroThreshold = native.zeroThreshold
        zeroCount = native.zeroCount
        count = native.count
        sum = native.sum
        positive = BucketSide(native.positiveSpans, native.positive)
        negative = BucketSide(native.negativeSpans, native.negative)
        customBounds = native.customBounds
    }

    /// Whether its buckets have bounds of their own.
    public var usesCustomBounds: Bool { schema == NativeHistogram.customSchema }

    /// Whether it is the marker of an ended series.
    public var isStaleMarker: Bool { sum.isStaleMarker }

    /// The same without empty buckets.
    public var compacted: FloatHistogram {
        var result = self
        result.positive = positive.compacted
        result.negative = negative.compacted
        return result
    }

    /// Whether both hold the same, bit by bit; the hints do not matter.
    public func hasSameContent(as other: FloatHistogram) -> Bool {
        schema == other.schema && count.bitPattern == other.count.bitPattern
            && sum.bitPattern == other.sum.bitPattern
            && (!usesCustomBounds || customBounds == other.customBounds)
            && zeroThreshold == other.zeroThreshold
            && zeroCount.bitPattern == other.zeroCount.bitPattern
            && positive.hasSameContent(as: other.positive)
            && negative.hasSameContent(as: other.negative)
    }
}

extension NativeHistogram {
    /// The histogram that `float` is.
    public init(_ float: FloatHistogram) {
        self.init()
        resetHint = float.resetHint
        schema = float.schema
        zeroThreshold = float.zeroThreshold
        zeroCount = float.zeroCount
        count = float.count
        sum = float.sum
        positiveSpans = float.positive.spans
        positive = .counts(float.positive.counts)
        negativeSpans = float.negative.spans
        negative = .counts(float.negative.counts)
        customBounds = float.customBounds
    }
}
