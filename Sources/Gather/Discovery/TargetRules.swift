public import Configuration
public import Model
public import Relabeling

/// What a job makes of the targets that discovery finds for it: defaults, relabeling, checks.
///
/// Immutable and shared freely; two jobs' rules are the same where all fields they look at are.
public struct TargetRules: Sendable {
    /// The job's name.
    public let job: String
    /// The job's `relabel_configs`, compiled.
    public let relabeler: Relabeler
    /// `target_limit`; 0 is none.
    public let targetLimit: Int
    /// `keep_dropped_targets`; 0 is all.
    public let keptDroppedTargets: Int

    private let defaults: Labels
    private let params: [String: [String]]
    private let interval: (text: String, span: TimeSpan)
    private let timeout: (text: String, span: TimeSpan)

    /// The rules of `job`.
    public init(_ job: ScrapeConfig) {
        self.job = job.jobName
        relabeler = Relabeler(job.relabelConfigs)
        targetLimit = job.limits.targets
        keptDroppedTargets = job.limits.keptDroppedTargets
        params = job.params
        interval = (job.scrapeInterval.description, job.scrapeInterval)
        timeout = (job.scrapeTimeout.description, job.scrapeTimeout)
        var builder = LabelsBuilder()
        builder[LabelName.job] = job.jobName
        builder[LabelName.scrapeInterval] = interval.text
        builder[LabelName.scrapeTimeout] = timeout.text
        builder[LabelName.metricsPath] = job.metricsPath
        builder[LabelName.scheme] = job.scheme
        for (name, values) in job.params {
            builder[LabelName.parameterPrefix + name] = values.first ?? ""
        }
        defaults = Labels(builder)
    }

    /// Whether both make the same targets of the same finds.
    func makesSame(as other: TargetRules) -> Bool {
        defaults == other.defaults && params == other.params
            && relabeler.rules == other.relabeler.rules
            && keptDroppedTargets == other.keptDroppedTargets
    }

    /// What relabeling is given: the target's labels, then its group's, then the job's.
    public func discovered(_ found: FoundTarget) -> Labels {
        found.own.filled(with: found.group).filled(with: defaults)
    }

    /// The labels of a group with those of the job: the part that its targets share.
    func shared(_ group: Labels) -> Labels { group.filled(with: defaults) }

    /// What every rule did to a target.
    public func trace(_ found: FoundTarget) -> RelabelTrace {
        relabeler.trace(discovered(found))
    }

    /// What becomes of a target.
    public func outcome(of found: FoundTarget) -> TargetOutcome {
        outcome(of: found, shared: shared(found.group))
    }

    func outcome(of found: FoundTarget, shared: Labels) -> TargetOutcome {
        guard let relabeled = relabeler.relabel(found.own.filled(with: shared)) else {
            return .dropped
        }
        do throws(TargetFault) { return .target(try target(found, relabeled)) } catch {
            return .failed(error)
        }
    }

    private func target(
        _ found: FoundTarget, _ relabeled: Labels
    ) throws(TargetFault) -> ScrapeTarget {
        let address = relabeled[LabelName.address]
        if address.isEmpty { throw .noAddress }
        if address.utf8.contains(UInt8(ascii: "/")) { throw .badAddress(address) }
        let interval = try span(LabelName.scrapeInterval, of: relabeled, usual: interval)
        let timeout = try span(LabelName.scrapeTimeout, of: relabeled, usual: timeout)
        if timeout > interval {
            throw .timeoutOverInterval(
                timeout: timeout.description, interval: interval.description)
        }
        let labels = Self.finished(relabeled, address: address)
        return ScrapeTarget(
            found: found, relabeled: labels, url: TargetURL.text(of: labels, params: params),
            interval: interval, timeout: timeout)
    }

    private func span(
        _ label: String, of labels: Labels, usual: (text: String, span: TimeSpan)
    ) throws(TargetFault) -> TimeSpan {
        let text = labels[label]
        if text == usual.text { return usual.span }
        let span: TimeSpan
        do throws(ModelError) { span = try TimeSpan(text) } catch {
            throw .badDuration(label: label, text: text)
        }
        if span == .zero { throw .zeroDuration(label: label) }
        return span
    }

    /// Without what discovery said, and with `instance`.
    private static func finished(_ relabeled: Labels, address: String) -> Labels {
        let kept = relabeled.filter { !$0.name.hasPrefix(LabelName.metaPrefix) }
        if relabeled.contains(LabelName.instance) { return Labels(inOrder: kept) }
        var builder = LabelsBuilder(Labels(inOrder: kept))
        builder[LabelName.instance] = address
        return Labels(builder)
    }
}

extension Labels {
    /// These labels, and those of `other` whose names are not among them.
    func filled(with other: Labels) -> Labels {
        if isEmpty { return other }
        if other.isEmpty { return self }
        var merged: [Label] = []
        merged.reserveCapacity(count + other.count)
        var (mine, theirs) = (0, 0)
        while mine < count, theirs < other.count {
            let order = self[mine].name.byteOrder(before: other[theirs].name)
            merged.append(order <= 0 ? self[mine] : other[theirs])
            if order <= 0 { mine += 1 }
            if order >= 0 { theirs += 1 }
        }
        merged += self[mine...]
        merged += other[theirs...]
        return Labels(inOrder: merged)
    }
}
