import Exposition
import Model

/// How a body is written: everything that is the same for each of its samples.
struct RelayStyle: Sendable {
    /// A label for series that do not have it.
    struct External: Sendable {
        let label: Label
        let name: [UInt8]
        /// As it stands in a line.
        let text: [UInt8]
    }

    let form: RelayQuestion.Form
    let format: ExpositionFormat
    let escaping: NameEscaping
    let hasTimes: Bool
    let dropsInfinite: Bool
    let externals: [External]

    init(_ question: RelayQuestion) {
        form = question.form
        format = question.format
        let isFederation = form == .federate
        escaping = ExpositionWriter(question.format, escaping: question.escaping).escaping
        hasTimes = isFederation || question.options.timestamps
        dropsInfinite = !isFederation && question.options.dropsInfinite
        let escaping = escaping
        func external(_ label: Label) -> External {
            External(
                label: label, name: Array(label.name.utf8),
                text: RelayStyle.written(label, escaping))
        }
        if isFederation {
            // An `instance` that may be empty, so that nobody else gives it one.
            let labels = question.options.federatedLabels
            let instance = labels.contains("instance") ? [] : [Label("instance", "")]
            externals = (Array(labels) + instance)
                .sorted { $0.name.isBytewiseLess(than: $1.name) }.map { external($0) }
        } else {
            externals = question.options.externalLabels.map { external($0) }
        }
    }

    /// A label as it stands in a line of text.
    private static func written(_ label: Label, _ escaping: NameEscaping) -> [UInt8] {
        var bytes = RelayText.name(label.name, escaping)
        bytes += Array("=\"".utf8)
        RelayText.append(label.value.utf8Span.span, to: &bytes)
        bytes.append(UInt8(ascii: "\""))
        return bytes
    }

    /// The families with those made one whose names are the same once they are escaped.
    func merged(_ families: [RelayFamily]) -> [RelayFamily] {
        guard escaping != .allowUTF8 else { return families }
        var merged: [RelayFamily] = []
        var places: [String: Int] = [:]
        for family in families {
            let name = escaping.escape(family.name, isMetric: true)
            guard let place = places[name] else {
                places[name] = merged.count
                merged.append(family)
                continue
            }
            let other = merged[place]
            let isSame = other.metadata.type == family.metadata.type && !other.isGrouped
            merged[place] = RelayFamily(
                name: other.name,
                metadata: isSame ? other.metadata : MetricMetadata(help: other.metadata.help),
                metrics: other.metrics + family.metrics)
        }
        return merged
    }
}

/// A family with what of its lines is always the same; a class, so that handing it on costs little.
final class WrittenRelayFamily: Sendable {
    struct Metric: Sendable {
        let name: [UInt8]
        /// What a line begins with, up to where labels follow.
        let prefix: [UInt8]
        /// Whether the name stands in quotes among the labels.
        let isQuoted: Bool
        let takesExemplars: Bool
        /// Whether only native histograms have this name.
        let isNative: Bool
    }

    let family: RelayFamily
    /// What is said of it, in front of its samples.
    let header: [UInt8]
    let metrics: [Metric]

    init(_ family: RelayFamily, _ style: RelayStyle) {
        self.family = family
        var writer = ExpositionWriter(style.format, escaping: style.escaping)
        if style.format != .protobuf { writer.begin(family.name, family.metadata) }
        header = writer.bytes
        let isHistogram =
            family.metadata.type == .histogram || family.metadata.type == .gaugehistogram
        metrics = family.metrics.map { name in
            let escaped = style.escaping.escape(name, isMetric: true)
            let isQuoted = !NameScheme.legacy.allows(metricName: escaped)
            var prefix = Array(escaped.utf8)
            if isQuoted {
                prefix = Array("{\"".utf8)
                RelayText.append(escaped.utf8Span.span, to: &prefix)
                prefix.append(UInt8(ascii: "\""))
            }
            let suffix = name.dropFirst(family.name.count)
            return Metric(
                name: Array(name.utf8), prefix: prefix, isQuoted: isQuoted,
                takesExemplars: suffix == "_bucket" || suffix == "_total",
                isNative: isHistogram && suffix.isEmpty)
        }
    }
}
