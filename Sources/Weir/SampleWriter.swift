import Exposition
import Model
import Storage

/// Writes samples as text, series by series.
struct SampleWriter {
    enum Format: String {
        case openmetrics, csv, ndjson
    }

    /// The label by which an exemplar tells the bits of a NaN that text has no word for.
    static let nanLabel = "weir_nan"

    private let format: Format
    private let dropsStale: Bool
    private let metadata: [String: MetricMetadata]
    private var family: String?
    private var prefix: [UInt8] = []
    /// What is written and not taken away yet.
    private(set) var bytes: [UInt8] = []
    /// How many samples that was.
    private(set) var samples = 0
    /// Exemplars that found no sample to stand at.
    private(set) var exemplarsLeft = 0

    init(format: Format, dropsStale: Bool, metadata: [String: MetricMetadata]) {
        self.format = format
        self.dropsStale = dropsStale
        self.metadata = metadata
    }

    mutating func begin() {
        if format == .csv { add("metric,labels,time,value\n") }
    }

    mutating func finish() {
        if format == .openmetrics { add("# EOF\n") }
    }

    /// What is written, which is the caller's from now on.
    mutating func take() -> [UInt8] {
        defer { bytes.removeAll(keepingCapacity: true) }
        return bytes
    }

    mutating func write(_ one: ExportedSeries) {
        switch format {
        case .openmetrics: writeOpenMetrics(one)
        case .csv: writeCSV(one.series)
        case .ndjson: writeJSON(one.series)
        }
    }

    private mutating func add(_ text: String) { bytes.append(contentsOf: text.utf8) }

    private func isWritten(_ value: Double) -> Bool { !(dropsStale && value.isStaleMarker) }

    // MARK: OpenMetrics

    private mutating func writeOpenMetrics(_ one: ExportedSeries) {
        if family != one.family {
            family = one.family
            if let said = metadata[one.family] { writeMetadata(one.family, said) }
        }
        prefix.removeAll(keepingCapacity: true)
        appendSeries(one.series.labels)
        let places = exemplarPlaces(one)
        for index in one.series.values.indices {
            let value = one.series.values[index]
            guard isWritten(value) else { continue }
            bytes += prefix
            FloatText.appendPlain(value, to: &bytes)
            bytes.append(0x20)
            FloatText.appendSeconds(one.series.times[index].milliseconds, to: &bytes)
            if value.isNaN, value.bitPattern != StaleMarker.ordinaryNaNBits {
                let bits = String(value.bitPattern, radix: 16)
                add(" # {\(Self.nanLabel)=\"\(bits)\"} 0 ")
                FloatText.appendSeconds(one.series.times[index].milliseconds, to: &bytes)
            } else if let exemplar = places[index] {
                write(exemplar)
            }
            bytes.append(0x0a)
            samples += 1
        }
    }

    /// At which sample each exemplar stands: the first one free that is not before it, or else the
    /// last one free; a line has room for one, and a NaN of its own takes that.
    private mutating func exemplarPlaces(_ one: ExportedSeries) -> [Int: ExemplarPoint] {
        guard !one.exemplars.isEmpty else { return [:] }
        let free = one.series.values.indices.filter { !one.series.values[$0].isNaN }
        var places: [Int: ExemplarPoint] = [:]
        var next = 0
        var left: [ExemplarPoint] = []
        for exemplar in one.exemplars {
            while next < free.count, one.series.times[free[next]] < exemplar.time { next += 1 }
            guard next < free.count else {
                left.append(exemplar)
                continue
            }
            places[free[next]] = exemplar
            next += 1
        }
        for index in free.reversed() where places[index] == nil {
            guard let exemplar = left.popLast() else { break }
            places[index] = exemplar
        }
        exemplarsLeft += left.count
        return places
    }

    private mutating func write(_ exemplar: ExemplarPoint) {
        add(" # ")
        let labels = exemplar.labels.map { "\($0.name)=\"\(Self.escaped($0.value))\"" }
        add("{\(labels.joined(separator: ","))} ")
        FloatText.appendPlain(exemplar.value, to: &bytes)
        bytes.append(0x20)
        FloatText.appendSeconds(exemplar.time.milliseconds, to: &bytes)
    }

    private mutating func writeMetadata(_ family: String, _ said: MetricMetadata) {
        let name =
            NameScheme.legacy.allows(metricName: family) ? family : "\"\(Self.escaped(family))\""
        add("# TYPE \(name) \(said.type.rawValue)\n")
        if !said.unit.isEmpty { add("# UNIT \(name) \(said.unit)\n") }
        if !said.help.isEmpty { add("# HELP \(name) \(Self.escaped(said.help))\n") }
    }

    private mutating func appendSeries(_ labels: Labels) {
        let metric = labels.metric
        let isPlain = NameScheme.legacy.allows(metricName: metric)
        var parts: [String] = isPlain ? [] : ["\"\(Self.escaped(metric))\""]
        for label in labels where label.name != LabelName.metric {
            let name =
                NameScheme.legacy.allows(labelName: label.name)
                ? label.name : "\"\(Self.escaped(label.name))\""
            parts.append("\(name)=\"\(Self.escaped(label.value))\"")
        }
        if isPlain { prefix += Array(metric.utf8) }
        if !parts.isEmpty { prefix += Array("{\(parts.joined(separator: ","))}".utf8) }
        prefix.append(0x20)
    }

    private static func escaped(_ text: String) -> String {
        guard text.utf8.contains(where: { $0 == 0x5c || $0 == 0x22 || $0 == 0x0a }) else {
            return text
        }
        return text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
            .replacing("\n", with: "\\n")
    }

    // MARK: The others

    private mutating func writeCSV(_ series: Series) {
        let pairs = series.labels.filter { $0.name != LabelName.metric }.map {
            Self.json($0.name) + ":" + Self.json($0.value)
        }
        let labels = "{\(pairs.joined(separator: ","))}"
        prefix = Array("\(Self.cell(series.labels.metric)),\(Self.cell(labels)),".utf8)
        for (time, value) in zip(series.times, series.values) where isWritten(value) {
            bytes += prefix
            FloatText.appendSeconds(time.milliseconds, to: &bytes)
            bytes.append(UInt8(ascii: ","))
            // An empty cell ends a series.
            if !value.isStaleMarker { FloatText.appendPlain(value, to: &bytes) }
            bytes.append(0x0a)
            samples += 1
        }
    }

    /// A line a series, as VictoriaMetrics exports and imports them.
    private mutating func writeJSON(_ series: Series) {
        let pairs = series.labels.map { Self.json($0.name) + ":" + Self.json($0.value) }
        add("{\"metric\":{\(pairs.joined(separator: ","))},\"values\":[")
        var isFirst = true
        for value in series.values where isWritten(value) {
            if !isFirst { bytes.append(UInt8(ascii: ",")) }
            isFirst = false
            if value.isFinite {
                FloatText.appendPlain(value, to: &bytes)
            } else if value.isStaleMarker {
                add("null")
            } else {
                add(value.isNaN ? "\"NaN\"" : value > 0 ? "\"Infinity\"" : "\"-Infinity\"")
            }
            samples += 1
        }
        add("],\"timestamps\":[")
        isFirst = true
        for (time, value) in zip(series.times, series.values) where isWritten(value) {
            if !isFirst { bytes.append(UInt8(ascii: ",")) }
            isFirst = false
            add("\(time.milliseconds)")
        }
        add("]}\n")
    }

    private static func cell(_ text: String) -> String {
        let isPlain = !text.utf8.contains {
            $0 == 0x22 || $0 == 0x2c || $0 == 0x0a || $0 == 0x0d
        }
        return isPlain ? text : "\"" + text.replacing("\"", with: "\"\"") + "\""
    }

    private static func json(_ text: String) -> String {
        var bytes: [UInt8] = [0x22]
        for byte in text.utf8 {
            switch byte {
            case 0x22, 0x5c: bytes += [0x5c, byte]
            case 0..<0x20:
                let digits = Array("0123456789abcdef".utf8)
                bytes += Array("\\u00".utf8) + [digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            default: bytes.append(byte)
            }
        }
        bytes.append(0x22)
        return String(decoding: bytes, as: UTF8.self)
    }
}
