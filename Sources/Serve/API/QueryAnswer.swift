import HTTPServe
import Model
import PromQL

/// A query's result on its way out: written in pieces, so that no second copy of it is in memory.
struct QueryAnswer: Sendable {
    private let result: QueryResult
    private let limit: Int?
    private let statistics: Bool
    // About as much as a socket takes at once.
    private static let pieceSize = 64 << 10

    /// An answer of at most `limit` series.
    init(_ result: QueryResult, limit: Int?, statistics: Bool) {
        self.result = result
        self.limit = limit
        self.statistics = statistics
    }

    /// The answer in Prometheus's envelope.
    ///
    /// A short one is sent with its length; a long one leaves in pieces.
    var response: ServerResponse {
        guard size > Self.pieceSize else {
            var writer = JSONWriter()
            begin(&writer)
            for index in 0..<count { element(index, &writer) }
            end(&writer)
            return .json(writer.bytes)
        }
        return ServerResponse(fields: ["Content-Type": "application/json"]) { output in
            var writer = JSONWriter()
            begin(&writer)
            for index in 0..<count {
                element(index, &writer)
                guard writer.bytes.count >= Self.pieceSize else { continue }
                try await output.write(writer.take())
            }
            end(&writer)
            try await output.write(writer.take())
        }
    }

    /// How many series are written.
    private var count: Int { min(total, limit ?? .max) }

    private var total: Int {
        switch result.value {
        case .scalar, .string: 0
        case .vector(let elements): elements.count
        case .matrix(let series): series.count
        }
    }

    /// Roughly how many bytes it will be.
    private var size: Int {
        switch result.value {
        case .scalar, .string: 0
        case .vector(let elements): elements.count * 128
        case .matrix(let series): series.reduce(0) { $0 + 128 + $1.values.count * 24 }
        }
    }

    private func begin(_ writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("status", "success")
        writer.key("data")
        writer.beginObject()
        switch result.value {
        case .scalar(let sample):
            writer.member("resultType", "scalar")
            writer.key("result")
            writer.point(sample.time, sample.value)
        case .string(let text, let time):
            writer.member("resultType", "string")
            writer.key("result")
            writer.beginList()
            writer.seconds(time)
            writer.string(text)
            writer.endList()
        case .vector: beginList(of: "vector", &writer)
        case .matrix: beginList(of: "matrix", &writer)
        }
    }

    private func beginList(of type: String, _ writer: inout JSONWriter) {
        writer.member("resultType", type)
        writer.key("result")
        writer.beginList()
    }

    private func element(_ index: Int, _ writer: inout JSONWriter) {
        switch result.value {
        case .scalar, .string: break
        case .vector(let elements): writer.element(elements[index])
        case .matrix(let series): writer.series(series[index])
        }
    }

    private func end(_ writer: inout JSONWriter) {
        switch result.value {
        case .scalar, .string: break
        case .vector, .matrix: writer.endList()
        }
        if statistics { writer.statistics(result.statistics) }
        if let explanation = result.explanation {
            writer.key("explain")
            writer.explanation(explanation)
        }
        writer.endObject()
        let cut = total > count ? ["results truncated due to limit"] : []
        Envelope.notes("warnings", result.warnings + cut, &writer)
        Envelope.notes("infos", result.infos, &writer)
        writer.endObject()
    }
}

extension JSONWriter {
    fileprivate mutating func point(_ time: Timestamp, _ value: Double) {
        beginList()
        seconds(time)
        sampleValue(value)
        endList()
    }

    fileprivate mutating func point(_ time: Timestamp, _ histogram: FloatHistogram) {
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

    fileprivate mutating func element(_ element: VectorElement) {
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

    fileprivate mutating func series(_ series: MatrixSeries) {
        beginObject()
        key("metric")
        labels(series.labels)
        if !series.values.isEmpty {
            key("values")
            beginList()
            for index in series.values.indices {
                point(series.times[index], series.values[index])
            }
            endList()
        }
        if !series.histograms.isEmpty {
            key("histograms")
            beginList()
            for one in series.histograms { point(one.time, one.histogram) }
            endList()
        }
        endObject()
    }

    fileprivate mutating func statistics(_ statistics: QueryStatistics) {
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
