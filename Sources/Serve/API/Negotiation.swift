import Telemetry

extension MetricText {
    /// The format for these `Accept` values: the classic one unless OpenMetrics is preferred.
    ///
    /// What accepts nothing that Weir has gets the classic one too, as Prometheus gives it.
    init(accepting values: [String]) {
        let ranges = values.flatMap { $0.split(separator: ",") }.map { MediaRange(String($0)) }
        func quality(of names: [String]) -> Double {
            // The narrowest range counts: a type before a family of types before everything.
            names.lazy.compactMap { name in ranges.first { $0.name == name }?.quality }.first ?? 0
        }
        let classic = quality(of: ["text/plain", "text/*", "*/*"])
        // Nobody is given OpenMetrics for `*/*`, since most who send it know the classic one alone.
        let openMetrics = quality(of: ["application/openmetrics-text"])
        self = openMetrics > 0 && openMetrics >= classic ? .openMetrics : .classic
    }
}

/// One part of an `Accept` field.
private struct MediaRange {
    let name: String
    let quality: Double

    init(_ text: String) {
        let parts = text.split(separator: ";").map { part in
            String(part.filter { $0 != " " && $0 != "\t" }).lowercased()
        }
        let weight = parts.dropFirst().first { $0.hasPrefix("q=") }.flatMap {
            Double($0.dropFirst(2))
        }
        // A version of OpenMetrics that Weir does not write is not its OpenMetrics.
        let version = parts.first { $0.hasPrefix("version=") }?.dropFirst(8)
        let isKnown = version.map { ["1.0.0", "0.0.1", "0.0.4", "\"1.0.0\""].contains($0) } ?? true
        name = isKnown ? parts.first ?? "" : ""
        quality = weight ?? 1
    }
}
