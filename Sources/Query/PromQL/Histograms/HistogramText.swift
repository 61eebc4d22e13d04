import Model

extension FloatHistogram: CustomStringConvertible {
    /// The histogram as Prometheus prints it: `{count:5, sum:2, (0.5,1]:3, …}`.
    public var description: String {
        var parts = ["count:" + NumberText.general(count), "sum:" + NumberText.general(sum)]
        for bucket in negativeBuckets.reversed() where bucket.count != 0 {
            parts.append(
                "[\(Self.bounds(bucket))):" + NumberText.general(bucket.count))
        }
        if zeroCount != 0 {
            let threshold = NumberText.general(zeroThreshold)
            parts.append("[-\(threshold),\(threshold)]:" + NumberText.general(zeroCount))
        }
        for bucket in positiveBuckets where bucket.count != 0 {
            let isFirst = usesCustomBounds && bucket.lower == -.infinity
            parts.append(
                (isFirst ? "[" : "(") + Self.bounds(bucket) + "]:"
                    + NumberText.general(bucket.count))
        }
        return "{" + parts.joined(separator: ", ") + "}"
    }

    private static func bounds(_ bucket: HistogramBucket) -> String {
        NumberText.general(bucket.lower) + "," + NumberText.general(bucket.upper)
    }

    /// The histogram as scripts write it: `{{schema:1 count:5 sum:2 buckets:[3 2]}}`.
    public var scriptText: String {
        var parts: [String] = []
        func add(_ key: String, _ value: Double) {
            if value != 0 { parts.append("\(key):\(NumberText.general(value))") }
        }
        if schema != 0 { parts.append("schema:\(schema)") }
        add("count", count)
        add("sum", sum)
        add("z_bucket", zeroCount)
        add("z_bucket_w", zeroThreshold)
        if usesCustomBounds { parts.append("custom_values:" + Self.list(customBounds)) }
        switch resetHint {
        case .unknown: break
        case .reset: parts.append("counter_reset_hint:reset")
        case .notReset: parts.append("counter_reset_hint:not_reset")
        case .gauge: parts.append("counter_reset_hint:gauge")
        }
        func add(_ side: BucketSide, _ prefix: String) {
            let buckets = side.compacted.numbered
            guard let first = buckets.first, let last = buckets.last else { return }
            guard Int(last.number) - Int(first.number) < 100_000 else {
                parts.append("\(prefix)buckets:[too far apart]")
                return
            }
            if first.number != 0 { parts.append("\(prefix)offset:\(first.number)") }
            // Scripts know one run only: the buckets between are written as empty ones.
            var counts = [Double](repeating: 0, count: Int(last.number) - Int(first.number) + 1)
            for bucket in buckets { counts[Int(bucket.number - first.number)] = bucket.count }
            parts.append("\(prefix)buckets:" + Self.list(counts))
        }
        add(positive, "")
        add(negative, "n_")
        return "{{" + parts.joined(separator: " ") + "}}"
    }

    private static func list(_ values: [Double]) -> String {
        "[" + values.map(NumberText.general).joined(separator: " ") + "]"
    }
}
