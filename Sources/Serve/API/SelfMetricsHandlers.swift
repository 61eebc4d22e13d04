import Access
import HTTPServe
import Model
import Telemetry

/// Weir's own metrics as the JSON that Prometheus's protocol buffers have.
struct SelfMetricsHandlers: Sendable {
    private let needs: Dependencies

    init(_ needs: Dependencies) { self.needs = needs }

    /// The families whose names match a pattern as a whole, or all.
    @Sendable func selfMetrics(_ request: ServerRequest) async throws -> ServerResponse {
        var pattern: Matcher?
        if let text = QueryParameters(request).text("metric_name_pattern") {
            do { pattern = try Matcher(LabelName.metric, .matches, text) } catch {
                throw APIError.badData("invalid parameter \"metric_name_pattern\": \(error)")
            }
        }
        let binding = request.caller.binding
        var families = needs.registry.snapshot()
        if !binding.isEmpty { families = families.map { $0.narrowed(to: binding) } }
        return .success { writer in
            writer.beginList()
            for family in families where !family.lines.isEmpty {
                if pattern?.accepts(family.wireName) ?? true { writer.family(family) }
            }
            writer.endList()
        }
    }
}

extension MetricFamily {
    /// The name as the wire has it, where a counter's `_total` belongs to it.
    fileprivate var wireName: String {
        metadata.type == .counter ? name + (lines.first?.suffix ?? "") : name
    }

    fileprivate var wireType: String {
        switch metadata.type {
        case .counter: "COUNTER"
        case .gauge, .info, .stateset: "GAUGE"
        case .histogram: "HISTOGRAM"
        case .gaugehistogram: "GAUGE_HISTOGRAM"
        case .summary: "SUMMARY"
        case .unknown: "UNTYPED"
        }
    }

    /// The lines of each member, in the order of the lines.
    fileprivate var members: [(labels: Labels, lines: [Line])] {
        var members: [(labels: Labels, lines: [Line])] = []
        var places: [Labels: Int] = [:]
        for line in lines {
            var builder = LabelsBuilder(line.labels)
            if metadata.type == .histogram { builder["le"] = "" }
            if metadata.type == .summary { builder["quantile"] = "" }
            let labels = Labels(builder)
            if let place = places[labels] {
                members[place].lines.append(line)
            } else {
                places[labels] = members.count
                members.append((labels, [line]))
            }
        }
        return members
    }
}

extension JSONWriter {
    fileprivate mutating func family(_ family: MetricFamily) {
        beginObject()
        member("name", family.wireName)
        member("help", family.metadata.help)
        member("type", family.wireType)
        key("metric")
        beginList()
        for (labels, lines) in family.members {
            beginObject()
            key("label")
            beginList()
            for label in labels {
                beginObject()
                member("name", label.name)
                member("value", label.value)
                endObject()
            }
            endList()
            metric(lines, of: family)
            endObject()
        }
        endList()
        if !family.metadata.unit.isEmpty { member("unit", family.metadata.unit) }
        endObject()
    }

    private mutating func metric(_ lines: [MetricFamily.Line], of family: MetricFamily) {
        key(family.wireType.lowercased())
        beginObject()
        switch family.metadata.type {
        case .histogram: parts(lines, list: "bucket", bound: "le", "upperBound", "cumulativeCount")
        case .summary: parts(lines, list: "quantile", bound: "quantile", "quantile", "value")
        default:
            key("value")
            protoNumber(lines.first?.value ?? 0)
        }
        endObject()
    }

    private mutating func parts(
        _ lines: [MetricFamily.Line], list: String, bound: String, _ boundName: String,
        _ valueName: String
    ) {
        for line in lines where line.suffix == "_count" {
            member("sampleCount", "\(UInt64(max(0, line.value)))")
        }
        for line in lines where line.suffix == "_sum" {
            key("sampleSum")
            protoNumber(line.value)
        }
        key(list)
        beginList()
        for line in lines where line.labels.contains(bound) {
            beginObject()
            // Whole numbers of 64 bits are texts in this kind of JSON.
            if list == "bucket" {
                member(valueName, "\(UInt64(max(0, line.value)))")
            }
            key(boundName)
            let text = line.labels[bound]
            protoNumber(text == "+Inf" ? .infinity : Double(text) ?? .nan)
            if list != "bucket" {
                key(valueName)
                protoNumber(line.value)
            }
            endObject()
        }
        endList()
    }

    /// A number, or the word for what is none.
    private mutating func protoNumber(_ value: Double) {
        if value.isFinite {
            plain(value)
        } else {
            string(value.isNaN ? "NaN" : value > 0 ? "Infinity" : "-Infinity")
        }
    }
}
