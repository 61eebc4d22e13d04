import Configuration
import Model
import TestKit
import Testing

@testable import Discovery

/// The jobs that a cluster is usually scraped with, against a small cluster that was written down.
struct KubernetesJobsTests {
    /// A target as it is expected: where it is, and its labels but `job`.
    struct Expected: Sendable, Equatable {
        let url: String
        let labels: Labels
    }

    private static let one = ["kubernetes_io_hostname": "one", "instance": "one"]
    private static let two = ["kubernetes_io_hostname": "two", "zone": "b", "instance": "two"]
    private static let dns = [
        "k8s_app": "kube-dns", "kubernetes_io_name": "CoreDNS", "namespace": "kube-system",
        "service": "kube-dns",
    ]
    private static let till = ["app": "till", "namespace": "shop", "service": "till"]
    private static let door = ["app": "till", "namespace": "shop", "ingress": "door"]
    private static let probe = "http://blackbox.example:9115/probe?module=http_2xx&target="

    private static func target(_ url: String, _ labels: [String: String], _ instance: String? = nil)
        -> Expected
    {
        Expected(url: url, labels: Labels(labels, instance.map { ["instance": $0] } ?? [:]))
    }

    @Test(arguments: [
        (
            "apiservers",
            [target("https://192.168.7.1:6443/metrics", [:], "192.168.7.1:6443")]
        ),
        (
            "nodes",
            [
                target("https://192.168.7.1:10250/metrics", one),
                target("https://192.168.7.2:10250/metrics", two),
            ]
        ),
        (
            "cadvisor",
            [
                target("https://192.168.7.1:10250/metrics/cadvisor", one),
                target("https://192.168.7.2:10250/metrics/cadvisor", two),
            ]
        ),
        (
            // The three ports of the DNS become one by its annotation; the pod of the till has a
            // port that no endpoint names.
            "service-endpoints",
            [
                target("http://10.2.0.3:9153/metrics", dns, "10.2.0.3:9153"),
                target("http://10.2.1.7:8080/internal/metrics", till, "10.2.1.7:8080"),
                target("http://10.2.1.7:9113/internal/metrics", till, "10.2.1.7:9113"),
                target("http://10.2.1.8:8080/internal/metrics", till, "10.2.1.8:8080"),
            ]
        ),
        ("services", [target("\(probe)till.shop.svc%3A80", till, "till.shop.svc:80")]),
        (
            "ingresses",
            [
                target("\(probe)http%3A%2F%2Fold.example%2F", door, "http://old.example/"),
                target("\(probe)https%3A%2F%2Ftill.example%2F", door, "https://till.example/"),
                target(
                    "\(probe)https%3A%2F%2Ftill.example%2Fbuy", door, "https://till.example/buy"),
            ]
        ),
        (
            "pods",
            [
                target(
                    "http://10.2.0.11:8000/metrics",
                    [
                        "batch_kubernetes_io_job_name": "tidy-28411", "namespace": "shop",
                        "pod": "tidy-28411",
                    ], "10.2.0.11:8000")
            ]
        ),
    ])
    func `a cluster's usual jobs find what they are meant to find`(
        name: String, expected: [Expected]
    ) async throws {
        let cluster = try FakeCluster.recorded()
        let loaded = try ConfigLoader.load("\(FakeCluster.fixtures)/kubernetes-jobs.yml").config
        #expect(loaded.scrapeConfigs.count == 7)
        let job = try #require(loaded[job: name])
        var config = try #require(job.discovery.kubernetes.first)
        config.apiServer = cluster.url
        let source = SourceConfig.kubernetes(config).source(Configured.surroundings())
        let groups = try await source.recorded { recorder in
            let isListed = try await recorder.wait { !$0.groups.isEmpty }
            #expect(isListed, "\(recorder.all)")
            return recorder.groups
        }
        var targets = JobTargets(TargetRules(job))
        await targets.update(groups)
        let found = targets.active.map { target in
            let labels = Labels(target.labels.filter { $0.name != LabelName.job })
            #expect(target.labels[LabelName.job] == name)
            return Expected(url: target.url, labels: labels)
        }
        #expect(found.sorted { $0.url < $1.url } == expected)
        #expect(targets.failures.isEmpty)
    }
}
