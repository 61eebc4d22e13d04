import Configuration
import Model
import Relabeling

/// What a job makes of the labels that one of its targets tells.
struct SampleRules: Sendable {
    /// The target's own labels, without `__…`.
    let target: Labels
    /// Whether scraped labels win over them.
    let honorsLabels: Bool
    private let relabeler: Relabeler
    private let limits: ScrapeLimits
    private let scheme: NameScheme

    /// The rules of `job` for the target with these labels.
    init(_ job: ScrapeConfig, relabeler: Relabeler, target: Labels) {
        self.target = target
        self.relabeler = relabeler
        honorsLabels = job.honorLabels
        limits = job.limits
        scheme = job.nameScheme
    }

    /// The labels under which a scraped series is kept; `nil` where relabeling drops it.
    func labels(for scraped: Labels) throws(ScrapeError) -> Labels? {
        guard let labels = relabeler.relabel(merged(scraped)) else { return nil }
        try check(labels)
        return labels
    }

    /// The labels of a series that Weir itself writes on the target.
    func labels(ofReport name: String) -> Labels {
        var builder = LabelsBuilder(target)
        let taken = builder[LabelName.metric]
        if !taken.isEmpty { builder["exported_" + LabelName.metric] = taken }
        builder[LabelName.metric] = name
        return Labels(builder)
    }

    /// Scraped labels and the target's in one set.
    ///
    /// Both are in order, so that one walk over them is enough; only names that stand in both cost
    /// more.
    private func merged(_ scraped: Labels) -> Labels {
        var all: [Label] = []
        all.reserveCapacity(scraped.count + target.count)
        var clashing: [Label] = []
        var next = target.startIndex
        for label in scraped {
            while next < target.endIndex, target[next].name.isBytewiseLess(than: label.name) {
                all.append(target[next])
                next += 1
            }
            guard next < target.endIndex, target[next].name.hasSameBytes(as: label.name) else {
                all.append(label)
                continue
            }
            all.append(honorsLabels ? label : target[next])
            if !honorsLabels { clashing.append(label) }
            next += 1
        }
        while next < target.endIndex {
            all.append(target[next])
            next += 1
        }
        let labels = Labels(inOrder: all)
        return clashing.isEmpty ? labels : exporting(clashing, beside: labels)
    }

    /// Gives scraped labels that lost their name another one, the shortest first.
    private func exporting(_ clashing: [Label], beside labels: Labels) -> Labels {
        var builder = LabelsBuilder(labels)
        // Labels are in order, and of two that are as long the earlier stays so.
        let byLength = clashing.enumerated().sorted {
            let (left, right) = ($0.element.name.utf8.count, $1.element.name.utf8.count)
            return left != right ? left < right : $0.offset < $1.offset
        }
        for (_, label) in byLength {
            var name = "exported_" + label.name
            while !builder[name].isEmpty { name = "exported_" + name }
            builder[name] = label.value
        }
        return Labels(builder)
    }

    private func check(_ labels: Labels) throws(ScrapeError) {
        let metric = labels.metric
        guard !metric.isEmpty else {
            throw .badSeries("missing metric name (__name__ label) after relabeling")
        }
        if scheme == .legacy {
            let isSound =
                scheme.allows(metricName: metric)
                && labels.allSatisfy { scheme.allows(labelName: $0.name) }
            guard isSound else {
                throw .badSeries("invalid metric name or label names: \(Self.short(labels))")
            }
        }
        if limits.labels > 0, labels.count > limits.labels {
            throw .labelLimit(
                "label_limit exceeded (metric: \(Self.short(metric)), number of labels: "
                    + "\(labels.count), limit: \(limits.labels))")
        }
        guard limits.labelNameLength > 0 || limits.labelValueLength > 0 else { return }
        for label in labels { try checkLengths(of: label, metric) }
    }

    private func checkLengths(of label: Label, _ metric: String) throws(ScrapeError) {
        let (name, value) = (label.name.utf8.count, label.value.utf8.count)
        let place = "(metric: \(Self.short(metric)), label name: \(Self.short(label.name))"
        if limits.labelNameLength > 0, name > limits.labelNameLength {
            throw .labelLimit(
                "label_name_length_limit exceeded \(place), length: \(name), limit: "
                    + "\(limits.labelNameLength))")
        }
        if limits.labelValueLength > 0, value > limits.labelValueLength {
            throw .labelLimit(
                "label_value_length_limit exceeded \(place), value: "
                    + "\(Labels.quoted(Self.short(label.value))), length: \(value), limit: "
                    + "\(limits.labelValueLength))")
        }
    }

    private static func short(_ text: String) -> String { String(text.prefix(50)) }
    private static func short(_ labels: Labels) -> String { String(labels.description.prefix(200)) }
}
