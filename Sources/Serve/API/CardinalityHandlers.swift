import Access
import HTTPServe
import Head
import Model

/// How many series there are, and where they come from.
struct CardinalityHandlers: Sendable {
    private static let most = 10_000
    private let needs: Dependencies

    init(_ needs: Dependencies) { self.needs = needs }

    /// What is in memory, by metric and by label.
    ///
    /// A caller that is bound to labels is shown the counts of what it may see.
    @Sendable func tsdb(_ request: ServerRequest) async throws -> ServerResponse {
        var limit = 10
        if let text = QueryParameters(request).text("limit") {
            // Lost: why it is no number, which Prometheus does not say either.
            guard let number = try? GoNumber.whole(text), number > 0 else {
                throw APIError.badData("limit must be a positive number")
            }
            guard number <= Self.most else {
                throw APIError.badData("limit must not exceed \(Self.most)")
            }
            limit = number
        }
        var counts = needs.head.cardinality(limit: limit)
        let binding = request.caller.binding
        if !binding.isEmpty {
            let seen: [Labels]
            do throws(SourceError) {
                seen = try await needs.head.labelSets(
                    matching: binding, in: .distantPast...(.distantFuture), limit: nil)
            } catch {
                throw APIError(error)
            }
            counts = Cardinality(of: seen, limit: limit, times: counts.times)
        }
        return .success { $0.cardinality(counts) }
    }

    /// Blocks on disk, of which a Weir has none: what it keeps lies in PostgreSQL.
    @Sendable func blocks(_ request: ServerRequest) async -> ServerResponse {
        .success { writer in
            writer.beginObject()
            writer.key("blocks")
            writer.strings([])
            writer.endObject()
        }
    }

    /// How far the log of the head is read again, of which there is none: 0 of 0.
    @Sendable func walReplay(_ request: ServerRequest) async -> ServerResponse {
        .success { writer in
            writer.beginObject()
            for name in ["min", "max", "current"] {
                writer.key(name)
                writer.number(0)
            }
            writer.endObject()
        }
    }
}

extension Cardinality {
    /// The counts of these series alone.
    fileprivate init(of series: [Labels], limit: Int, times: ClosedRange<Timestamp>?) {
        self.init()
        var pairs: [Label: Int] = [:]
        for labels in series { for label in labels { pairs[label, default: 0] += 1 } }
        var values: [Label: Int] = [:]
        var bytes: [Label: Int] = [:]
        for (pair, count) in pairs {
            let name = Label(pair.name, "")
            values[name, default: 0] += 1
            bytes[name, default: 0] += count * pair.value.utf8.count
        }
        seriesCount = series.count
        labelPairCount = pairs.count
        self.times = series.isEmpty ? nil : times
        let metrics = pairs.filter { $0.key.name.hasSameBytes(as: LabelName.metric) }
        seriesByMetric = Self.largest(metrics, limit) { $0.value }
        seriesByPair = Self.largest(pairs, limit) { "\($0.name)=\($0.value)" }
        valuesByLabel = Self.largest(values, limit) { $0.name }
        bytesByLabel = Self.largest(bytes, limit) { $0.name }
    }

    private static func largest(
        _ counts: [Label: Int], _ limit: Int, _ name: (Label) -> String
    ) -> [Count] {
        let all = counts.map { Count(name: name($0.key), value: $0.value) }
        let sorted = all.sorted { left, right in
            left.value != right.value
                ? left.value > right.value : left.name.isBytewiseLess(than: right.name)
        }
        return Array(sorted.prefix(limit))
    }
}

extension JSONWriter {
    fileprivate mutating func cardinality(_ counts: Cardinality) {
        beginObject()
        key("headStats")
        beginObject()
        let numbers: [(String, Int64)] = [
            ("numSeries", Int64(counts.seriesCount)),
            ("numLabelPairs", Int64(counts.labelPairCount)),
            ("chunkCount", Int64(counts.chunkCount)),
            // What Prometheus says of a head that holds nothing.
            ("minTime", counts.times?.lowerBound.milliseconds ?? .max),
            ("maxTime", counts.times?.upperBound.milliseconds ?? .min),
        ]
        for (name, value) in numbers {
            key(name)
            number(value)
        }
        endObject()
        list("seriesCountByMetricName", counts.seriesByMetric)
        list("labelValueCountByLabelName", counts.valuesByLabel)
        list("memoryInBytesByLabelName", counts.bytesByLabel)
        list("seriesCountByLabelValuePair", counts.seriesByPair)
        endObject()
    }

    private mutating func list(_ name: String, _ counts: [Cardinality.Count]) {
        key(name)
        beginList()
        for count in counts {
            beginObject()
            member("name", count.name)
            key("value")
            number(Int64(count.value))
            endObject()
        }
        endList()
    }
}
