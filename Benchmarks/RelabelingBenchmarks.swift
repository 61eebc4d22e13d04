import Model
import Relabeling

/// Label sets through rules: what discovery and every scraped series pay.
enum RelabelingBenchmarks {
    static func run(_ report: inout BenchmarkReport) throws {
        let targets = (0..<1000).map(pod)
        let rules = Relabeler(try podRules.map { try RelabelRule($0) })
        measure("pods through ten rules", targets, rules, bar: "≥ 1.0", into: &report)
        let series = (0..<1000).map(sample)
        let metricRules = Relabeler(try seriesRules.map { try RelabelRule($0) })
        measure("series through ten rules", series, metricRules, bar: "≥ 1.0", into: &report)
        // Values that nobody has seen before, and will never see again.
        let pods = (0..<50_000).map { number in
            var labels = LabelsBuilder(pod(number))
            labels["__address__"] = "10.\(number >> 16).\(number >> 8 & 255).\(number & 255):8080"
            return Labels(labels)
        }
        measure("pods that never come again", pods, rules, rounds: 4, into: &report)
        let once = (0..<50_000).map { number in
            var labels = LabelsBuilder(sample(number))
            labels["handler"] = "/api/v1/query/\(number)"
            return Labels(labels)
        }
        measure("series that never come again", once, metricRules, rounds: 4, into: &report)
    }

    private static func measure(
        _ what: String, _ sets: [Labels], _ relabeler: Relabeler, bar: String = "",
        rounds: Int = 200, into report: inout BenchmarkReport
    ) {
        var kept = 0
        let seconds = BenchmarkReport.median {
            for _ in 0..<rounds {
                for labels in sets where relabeler.relabel(labels) != nil { kept += 1 }
            }
        }
        precondition(kept > 0, "BUG: the rules drop everything")
        let million = Double(sets.count * rounds) / seconds / 1e6
        report.add("relabeling: \(what)", million, "M sets/s a core", bar: bar)
    }

    /// What `kubernetes_sd_configs` gives for a pod, a dozen labels.
    private static func pod(_ number: Int) -> Labels {
        [
            "__address__": "10.1.\(number % 250).7:8080",
            "__meta_kubernetes_namespace": "team-\(number % 20)",
            "__meta_kubernetes_pod_annotation_prometheus_io_path": "/internal/metrics",
            "__meta_kubernetes_pod_annotation_prometheus_io_port": "9102",
            "__meta_kubernetes_pod_annotation_prometheus_io_scrape": "true",
            "__meta_kubernetes_pod_label_app": "checkout",
            "__meta_kubernetes_pod_label_version": "v\(number % 3)",
            "__meta_kubernetes_pod_name": "checkout-7d9f8b6c5-\(number)",
            "__meta_kubernetes_pod_node_name": "node-\(number % 50).eu-west-1.internal",
            "__meta_kubernetes_pod_phase": "Running",
            "__metrics_path__": "/metrics", "__scheme__": "http", "job": "pods",
        ]
    }

    /// The rules of Prometheus's own example for pods, with phase, node and shard beside them.
    private static var podRules: [RelabelRule.Draft] {
        let meta = "__meta_kubernetes_"
        let annotation = meta + "pod_annotation_prometheus_io_"
        return [
            rule(.keep, [annotation + "scrape"], "true"),
            rule(.drop, [meta + "pod_phase"], "Pending|Succeeded|Failed|Completed"),
            rule(.replace, [annotation + "path"], "(.+)", to: "__metrics_path__"),
            rule(
                .replace, ["__address__", annotation + "port"], "([^:]+)(?::\\d+)?;(\\d+)",
                to: "__address__", with: "$1:$2"),
            rule(.labelMap, nil, meta + "pod_label_(.+)"),
            rule(.replace, [meta + "namespace"], nil, to: "namespace"),
            rule(.replace, [meta + "pod_name"], nil, to: "pod"),
            rule(.replace, [meta + "pod_node_name"], "([^.]+)\\..*", to: "node"),
            rule(.hashMod, ["__address__"], nil, to: "__tmp_shard", modulus: 4),
            rule(.keep, ["__tmp_shard"], "0|1|2|3"),
        ]
    }

    private static func sample(_ number: Int) -> Labels {
        [
            "__name__": "http_request_duration_seconds_bucket", "code": "200",
            "handler": "/api/v1/query", "instance": "10.0.0.\(number % 200):9090",
            "job": "prometheus", "le": "\(number % 10).5", "method": "get",
        ]
    }

    /// Rules as they stand in `metric_relabel_configs`.
    private static var seriesRules: [RelabelRule.Draft] {
        [
            rule(.drop, ["__name__"], "go_.*"),
            rule(.drop, ["__name__"], "(process|promhttp)_.+"),
            rule(.drop, ["__name__", "le"], "apiserver_.*_bucket;(0\\.1|0\\.5|1)"),
            rule(.drop, ["handler"], "/-/.*"),
            rule(.replace, ["instance"], "(.+):\\d+", to: "host"),
            rule(.replace, ["code"], "(\\d)\\d\\d", to: "code_class", with: "${1}xx"),
            rule(.labelDrop, nil, "pod_template_hash|controller_revision_hash"),
            rule(.uppercase, ["method"], nil, to: "method"),
            rule(.replace, [], nil, to: "cluster", with: "eu-1"),
            rule(.keep, ["job"], "prometheus|node|alertmanager"),
        ]
    }

    private static func rule(
        _ action: RelabelRule.Action, _ sources: [String]?, _ regex: String?,
        to target: String = "",
        with replacement: String = "$1", modulus: UInt64 = 0
    ) -> RelabelRule.Draft {
        var draft = RelabelRule.Draft(action)
        draft.sourceLabels = sources
        draft.regex = regex
        draft.targetLabel = target
        draft.replacement = replacement
        draft.modulus = modulus
        return draft
    }
}
