import Model
import PromQL

// The parts of a query's answer in Prometheus's JSON.

extension JSONWriter {
    mutating func point(_ time: Timestamp, _ value: Double) {
        beginList()
        seconds(time)
        sampleValue(value)
        endList()
    }

    mutating func point(_ time: Timestamp, _ histogram: FloatHistogram) {
        beginList()
        seconds(time)
        self.histogram(histogram)
        endList()
    }

    /// A histogram with the buckets that hold anything, each with the rule of its ends.
    private mutating func histogram(_ histogram: FloatHistogram) {
        beginObject()
        key("count")
        sampleValue(histogram.count)
        key("sum")
        sampleValue(histogram.sum)
        let buckets = histogram.allBuckets.filter { $0.count != 0 }
        if !buckets.isEmpty {
            key("buckets")
            beginList()
            for bucket in buckets {
                beginList()
                number(Self.rule(of: bucket, in: histogram))
                for value in [bucket.lower, bucket.upper, bucket.count] { sampleValue(value) }
                endList()
            }
            endList()
        }
        endObject()
    }

    /// 0 for (lower, upper], 1 for [lower, upper), 2 for neither end, 3 for both.
    private static func rule(of bucket: HistogramBucket, in histogram: FloatHistogram) -> Int64 {
        let hasLower: Bool
        let hasUpper: Bool
        if bucket.isZero {
            (hasLower, hasUpper) = (true, true)
        } else if histogram.usesCustomBounds {
            (hasLower, hasUpper) = (bucket.lower == -.infinity, true)
        } else {
            (hasLower, hasUpper) = (bucket.lower < 0, bucket.upper > 0)
        }
        return hasLower ? (hasUpper ? 3 : 1) : (hasUpper ? 0 : 2)
    }

    mutating func element(_ element: VectorElement) {
        beginObject()
        key("metric")
        labels(element.labels)
        if let histogram = element.histogram {
            key("histogram")
            point(element.time, histogram)
        } else {
            key("value")
            point(element.time, element.value)
        }
        endObject()
    }

    /// Begins a series of a matrix; its values come next, and the end of an object.
    mutating func beginSeries(_ labels: Labels) {
        beginObject()
        key("metric")
        self.labels(labels)
    }

    mutating func statistics(_ statistics: QueryStatistics) {
        key("stats")
        beginObject()
        key("timings")
        beginObject()
        let evaluated = statistics.preparationTime + statistics.evaluationTime + statistics.sortTime
        for (name, time) in [
            ("evalTotalTime", evaluated), ("resultSortTime", statistics.sortTime),
            ("queryPreparationTime", statistics.preparationTime),
            ("innerEvalTime", statistics.evaluationTime),
            ("execQueueTime", statistics.queueTime),
            ("execTotalTime", evaluated + statistics.queueTime),
        ] {
            key(name)
            plain(time / .seconds(1))
        }
        endObject()
        key("samples")
        beginObject()
        for (name, count) in [
            ("totalQueryableSamples", statistics.totalSamples),
            ("peakSamples", statistics.peakSamples), ("samplesRead", statistics.samplesRead),
        ] {
            key(name)
            number(Int64(count))
        }
        endObject()
        endObject()
    }
}
