import Model

extension FloatHistogram {
    /// How many floats take as much memory.
    var sampleWeight: Int {
        let bytes =
            112 + (positive.counts.count + negative.counts.count + customBounds.count) * 8
            + (positive.spans.count + negative.spans.count) * 8
        return max(1, bytes / 16)
    }

    /// The same, without what is known of the histogram before it.
    var forgettingResets: FloatHistogram {
        guard resetHint == .reset || resetHint == .notReset else { return self }
        var result = self
        result.resetHint = .unknown
        return result
    }
}
