import Exposition
import Head
public import Model

/// How the newest samples are shown to those who scrape them here.
public struct RelayOptions: Sendable {
    /// Whether samples carry their time.
    public var timestamps = false
    /// How old a sample may be.
    public var maximumAge = TimeSpan.minutes(5)
    /// Labels for series that do not have them.
    public var externalLabels = Labels()
    /// Whether infinite values are left out.
    public var dropsInfinite = false
    /// What stands before the names of Weir's own metrics.
    public var ownPrefix = "weir_"

    /// As the documentation says it is where nothing is set.
    public init() {}

    /// A sample of `family` as it is shown, or `nil` where it is left out.
    func point(_ sample: NewestSample, of family: String) -> MetricPoint? {
        if dropsInfinite, sample.value.isInfinite { return nil }
        let time = timestamps ? sample.time : nil
        let labels = shown(sample.labels, with: externalLabels)
        if let histogram = sample.histogram { return MetricPoint(labels, histogram, time: time) }
        let suffix = sample.labels.metric.dropFirst(family.count)
        return MetricPoint(String(suffix), labels, sample.value, time: time)
    }

    /// A sample as Prometheus federates it: with its time, and with an `instance` that may be empty
    /// so that nobody else gives it one.
    func federated(_ sample: NewestSample) -> MetricPoint {
        var labels = shown(sample.labels, with: externalLabels)
        if !labels.contains(where: { $0.name == "instance" }) {
            labels.append(Label("instance", ""))
        }
        if let histogram = sample.histogram {
            return MetricPoint(labels, histogram, time: sample.time)
        }
        return MetricPoint("", labels, sample.value, time: sample.time)
    }

    private func shown(_ labels: Labels, with more: Labels) -> [Label] {
        var shown = labels.filter { $0.name != LabelName.metric }
        for label in more where !labels.contains(label.name) { shown.append(label) }
        return shown
    }
}
