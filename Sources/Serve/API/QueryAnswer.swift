import HTTPServe
import Model
import PromQL

/// A query's answer on its way out, written as its series become ready, so that no second copy of
/// them is in memory and the first byte leaves before the last series is evaluated.
actor QueryAnswer {
    /// How answers are written.
    enum Form: String, CaseIterable {
        case json, csv, ndjson

        var contentType: String {
            switch self {
            case .json: "application/json"
            case .csv: "text/csv; charset=utf-8; header=present"
            case .ndjson: "application/x-ndjson"
            }
        }
    }

    private let output: ResponseWriter
    private let form: Form
    private let limit: Int
    private let statistics: Bool
    private var writer = JSONWriter()
    private var times = TimeTexts()
    private var hasBegun = false
    private var written = 0
    private var isCut = false
    /// About as much as a socket takes at once.
    static let pieceSize = 64 << 10

    /// An answer of at most `limit` series, to `output`.
    init(_ form: Form, to output: ResponseWriter, limit: Int?, statistics: Bool) {
        self.output = output
        self.form = form
        self.limit = limit ?? .max
        self.statistics = statistics
    }

    /// Whether series may be written before all of them are known: the columns of CSV are theirs.
    nonisolated var takesPieces: Bool { form != .csv }

    /// Writes more series of a matrix, which has to be whole where it becomes CSV; says whether still
    /// more are wanted.
    func write(_ series: [MatrixSeries]) async throws -> Bool {
        begin("matrix")
        for one in series {
            guard admits() else { return false }
            try await write(one)
        }
        return true
    }

    /// Writes what is left once `result`, whose series may have been written before, is there.
    func end(_ result: QueryResult) async throws {
        switch result.value {
        case .scalar(let sample): scalar(sample)
        case .string(let text, let time): string(text, time)
        case .vector(let elements): try await write(elements)
        case .matrix(let series):
            if form == .csv { csv.begin(series.map(\.labels), &writer) }
            _ = try await write(series)
        }
        let cut = isCut ? ["results truncated due to limit"] : []
        switch form {
        case .json: endEnvelope(result, cut)
        case .csv: break
        case .ndjson: remarks(result, cut)
        }
        try await output.write(writer.take())
    }

    /// Whether one more series is within the limit.
    private func admits() -> Bool {
        isCut = isCut || written == limit
        written += isCut ? 0 : 1
        return !isCut
    }

    /// Hands on what was written, once it is enough.
    private func send() async throws {
        guard writer.bytes.count >= Self.pieceSize else { return }
        try await output.write(writer.take(reserving: Self.pieceSize + 8192))
    }

    // MARK: Values

    private func write(_ elements: [VectorElement]) async throws {
        begin("vector")
        if form == .csv { csv.begin(elements.map(\.labels), &writer) }
        for element in elements {
            guard admits() else { return }
            switch form {
            case .json: writer.element(element)
            case .ndjson:
                writer.element(element)
                writer.endLine()
            case .csv:
                csv.row(element.labels, element.time, element.value, element.histogram, &writer)
            }
            try await send()
        }
    }

    private func write(_ series: MatrixSeries) async throws {
        if form == .csv { return try await rows(series) }
        writer.beginSeries(series.labels)
        if !series.values.isEmpty {
            times.set(series.times)
            writer.key("values")
            writer.beginList()
            for start in stride(from: 0, to: series.values.count, by: 1024) {
                let end = min(series.values.count, start + 1024)
                writer.points(series.values, times, start..<end)
                try await send()
            }
            writer.endList()
        }
        if !series.histograms.isEmpty {
            writer.key("histograms")
            writer.beginList()
            for one in series.histograms {
                writer.point(one.time, one.histogram)
                try await send()
            }
            writer.endList()
        }
        writer.endObject()
        if form == .ndjson { writer.endLine() }
        try await send()
    }

    private func scalar(_ sample: Sample) {
        begin("scalar")
        switch form {
        case .json: writer.point(sample.time, sample.value)
        case .csv:
            csv.begin([], &writer)
            csv.row(Labels(), sample.time, sample.value, nil, &writer)
        case .ndjson:
            writer.beginObject()
            writer.key("value")
            writer.point(sample.time, sample.value)
            writer.endObject()
            writer.endLine()
        }
    }

    private func string(_ text: String, _ time: Timestamp) {
        begin("string")
        if form == .csv {
            csv.begin([], &writer)
            return csv.row(time, text, &writer)
        }
        if form == .ndjson {
            writer.beginObject()
            writer.key("value")
        }
        writer.beginList()
        writer.seconds(time)
        writer.string(text)
        writer.endList()
        if form == .ndjson {
            writer.endObject()
            writer.endLine()
        }
    }

    // MARK: CSV

    private var csv = CSVRows()

    private func rows(_ series: MatrixSeries) async throws {
        for (place, value) in series.values.enumerated() {
            csv.row(series.labels, series.times[place], value, nil, &writer)
            try await send()
        }
        for one in series.histograms {
            csv.row(series.labels, one.time, 0, one.histogram, &writer)
            try await send()
        }
    }

    // MARK: The envelope

    private func begin(_ type: String) {
        if hasBegun { return }
        hasBegun = true
        guard form == .json else { return }
        writer.beginObject()
        writer.member("status", "success")
        writer.key("data")
        writer.beginObject()
        writer.member("resultType", type)
        writer.key("result")
        if type == "matrix" || type == "vector" { writer.beginList() }
    }

    private func endEnvelope(_ result: QueryResult, _ cut: [String]) {
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
        Envelope.notes("warnings", result.warnings + cut, &writer)
        Envelope.notes("infos", result.infos, &writer)
        writer.endObject()
    }

    /// A last line, where there is anything to say.
    private func remarks(_ result: QueryResult, _ cut: [String]) {
        guard !(result.warnings + cut + result.infos).isEmpty else { return }
        writer.beginObject()
        Envelope.notes("warnings", result.warnings + cut, &writer)
        Envelope.notes("infos", result.infos, &writer)
        writer.endObject()
        writer.endLine()
    }
}
