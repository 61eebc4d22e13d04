import Configuration
import Model
import Relabeling
import YAML

/// `weir explain relabel`: what each rule of a job makes of a label set.
enum ExplainCommand {
    static let relabel = Command(
        "explain relabel", "Shows a label set after each relabel rule of a job.",
        flags: [
            Flag(
                "config.file", .text, "FILE", standard: "prometheus.yml", isCommon: true,
                "The configuration that has the job."),
            Flag("config", .text, "FILE", "The same, shorter."),
            Flag("job", .text, "NAME", isCommon: true, "The job; not needed where there is one."),
            Flag(
                "labels", .text, "MAP", standard: "{}", isCommon: true,
                "The labels, as JSON or YAML: '{\"__address__\": \"db:9100\"}'."),
            .toggle(
                "metric", isCommon: true,
                "Explain metric_relabel_configs, for the labels of a series."),
        ],
        details: """
            The labels that Prometheus gives every target before relabeling are added where they \
            are not given: job, __scheme__, __metrics_path__, __scrape_interval__, \
            __scrape_timeout__ and __param_*.
            """
    ) { invocation in
        let path = invocation.text(invocation.isGiven("config") ? "config" : "config.file")
        let config: WeirConfig
        do throws(ConfigError) { config = try ConfigLoader.load(path).config } catch {
            Terminal.complain(error.excerpts)
            return .failure
        }
        let job = try job(invocation.text("job"), of: config, in: path)
        let given = try labels(invocation.text("labels"))
        let isMetric = invocation.isOn("metric")
        let input = isMetric ? given : target(given, of: job)
        let rules = isMetric ? job.metricRelabelConfigs : job.relabelConfigs
        let trace = Relabeler(rules).trace(input)
        Terminal.write(trace.description + "\n")
        if !isMetric, let output = trace.output { Terminal.write(summary(of: output)) }
        return .success
    }

    private static func job(
        _ name: String, of config: WeirConfig, in path: String
    ) throws(UsageError) -> ScrapeConfig {
        let jobs = config.scrapeConfigs
        let names = jobs.map(\.jobName)
        if name.isEmpty {
            guard jobs.count == 1 else {
                throw UsageError(
                    "\(path) has \(jobs.count) jobs; say which with --job: "
                        + names.prefix(10).joined(separator: ", "))
            }
            return jobs[0]
        }
        if let job = config[job: name] { return job }
        let hint = Nearest.name(to: name, among: names).map { "; did you mean \($0)?" }
        throw UsageError(
            "\(path) has no job \"\(name)\""
                + (hint ?? "; it has \(names.prefix(10).joined(separator: ", "))"))
    }

    private static func labels(_ text: String) throws(UsageError) -> Labels {
        let form = "write them as {\"name\": \"value\"}"
        let root: YAMLNode?
        do { root = try YAMLReader.read(Array(text.utf8), file: "--labels").root } catch {
            throw UsageError("cannot read the labels: \(error); \(form)")
        }
        guard let root else { return Labels() }
        guard case .map(let entries) = root.content else {
            throw UsageError("the labels are \(root.kindInWords); \(form)")
        }
        var builder = LabelsBuilder()
        for entry in entries {
            guard case .scalar(let scalar) = entry.value.content else {
                throw UsageError("the label \(entry.name) is \(entry.value.kindInWords); \(form)")
            }
            builder[entry.name] = scalar.text
        }
        return Labels(builder)
    }

    /// The labels with those that every target of the job begins with.
    private static func target(_ given: Labels, of job: ScrapeConfig) -> Labels {
        var builder = LabelsBuilder(given)
        var added: [(name: String, value: String)] = [
            (LabelName.job, job.jobName), (LabelName.scheme, job.scheme),
            (LabelName.metricsPath, job.metricsPath),
            (LabelName.scrapeInterval, job.scrapeInterval.description),
            (LabelName.scrapeTimeout, job.scrapeTimeout.description),
        ]
        for (name, values) in job.params.sorted(by: { $0.key < $1.key }) {
            added.append((LabelName.parameterPrefix + name, values.first ?? ""))
        }
        for one in added where !given.contains(one.name) { builder[one.name] = one.value }
        return Labels(builder)
    }

    /// What the series of the target will bear.
    private static func summary(of output: Labels) -> String {
        guard output.contains(LabelName.address) else {
            return "   no target: __address__ is empty\n"
        }
        var builder = LabelsBuilder(output)
        if builder[LabelName.instance].isEmpty {
            builder[LabelName.instance] = output[LabelName.address]
        }
        builder.removeAll { $0.name.hasPrefix("__") }
        return "   series get \(Labels(builder))\n"
    }
}
