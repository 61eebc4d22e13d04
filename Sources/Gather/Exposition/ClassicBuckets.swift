import Model

// A histogram whose buckets end at bounds of its own is a classic one in another form, so that every
// format can tell it.
extension MetricFamily {
    /// The family with classic samples in place of native histograms with bounds of their own.
    var withClassicBuckets: MetricFamily {
        guard points.contains(where: { $0.histogram?.schema == NativeHistogram.customSchema })
        else { return self }
        var family = self
        family.points = points.flatMap { point in
            guard let histogram = point.histogram,
                histogram.schema == NativeHistogram.customSchema
            else { return [point] }
            return classic(histogram, point)
        }
        return family
    }

    private func classic(_ histogram: NativeHistogram, _ point: MetricPoint) -> [MetricPoint] {
        let isGauge = metadata.type == .gaugehistogram
        var points = buckets(of: histogram, point)
        points.append(
            MetricPoint(
                isGauge ? "_gcount" : "_count", point.labels, histogram.count, time: point.time))
        points.append(
            MetricPoint(
                isGauge ? "_gsum" : "_sum", point.labels, histogram.sum, time: point.time))
        return points
    }

    /// Each bucket with all below it, and the exemplar that lies in it.
    private func buckets(of histogram: NativeHistogram, _ point: MetricPoint) -> [MetricPoint] {
        let counts = histogram.positive.filled(histogram.positiveSpans)
        let bounds = histogram.customBounds + [.infinity]
        var below = -Double.infinity
        var sum = 0.0
        return bounds.indices.map { index in
            let bound = bounds[index]
            sum += counts[index] ?? 0
            let exemplar = point.exemplars.last { $0.value > below && $0.value <= bound }
            below = bound
            let label = Label(LabelName.bucketBound, FloatText.openMetrics(bound))
            return MetricPoint(
                "_bucket", point.labels + [label], bound == .infinity ? histogram.count : sum,
                time: point.time, exemplar: exemplar)
        }
    }
}

extension NativeHistogram.Buckets {
    /// The counts by the place of their bucket.
    fileprivate func filled(_ spans: [NativeHistogram.Span]) -> [Int: Double] {
        var counts: [Double]
        switch self {
        case .counts(let plain): counts = plain
        case .deltas(let deltas):
            var count: Int64 = 0
            counts = deltas.map {
                count &+= $0
                return Double(count)
            }
        }
        var filled: [Int: Double] = [:]
        var place = 0
        var rest = counts[...]
        for span in spans {
            place += Int(span.offset)
            for _ in 0..<span.length {
                guard let count = rest.popFirst() else { return filled }
                filled[place] = count
                place += 1
            }
        }
        return filled
    }
}
