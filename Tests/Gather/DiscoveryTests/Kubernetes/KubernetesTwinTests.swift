import Configuration
import HTTPFetch
import JSON
import Model
import TestKit
import Testing

@testable import Discovery

/// A real Prometheus 2.42 and Weir look at the same cluster.
struct KubernetesTwinTests {
    private static let roles = ["node", "service", "pod", "endpoints", "endpointslice", "ingress"]

    /// Labels that younger versions of Prometheus have added, by role.
    private static let younger: [String: [String]] = [
        "endpoints": ["pod_container_init", "endpoints_annotation"],
        "endpointslice": [
            "pod_container_init", "endpointslice_name", "endpointslice_label",
            "endpointslice_annotation", "endpointslice_endpoint_node_name",
            "endpointslice_endpoint_zone",
        ],
    ]

    /// A job for each role, whose targets are all dropped, so that none of them is scraped.
    private static func configuration(_ cluster: FakeCluster) -> String {
        roles.reduce(into: "scrape_configs:\n") { text, role in
            let attach = ["pod", "endpoints", "endpointslice"].contains(role)
            text += """
                - job_name: \(role)
                  kubernetes_sd_configs:
                  - role: \(role)
                    api_server: \(cluster.url)
                    attach_metadata: {node: \(attach)}
                  relabel_configs: [{action: drop, source_labels: [__address__]}]

                """
        }
    }

    @Test func `both find the same targets with the same labels`() async throws {
        let cluster = try FakeCluster.recorded()
        cluster.set(
            "/version", text: #"{"major": "1", "minor": "26", "gitVersion": "v1.26.0"}"#)
        let folder = try TemporaryFolder("twin")
        let path = try folder.write(Self.configuration(cluster), to: "prometheus.yml")
        let mine = try await Self.mine(path)
        let theirs = try await Self.theirs(path, in: folder, count: mine.mapValues(\.count))
        for role in Self.roles {
            let found = mine[role, default: []].map { labels in
                Labels(labels.filter { !Self.isYounger($0.name, role) })
            }
            #expect(found.sorted() == theirs[role, default: []].sorted(), "\(role)")
            #expect(!found.isEmpty)
        }
    }

    private static func isYounger(_ name: String, _ role: String) -> Bool {
        younger[role, default: []].contains { name.hasPrefix("__meta_kubernetes_\($0)") }
    }

    private static func mine(_ path: String) async throws -> [String: [Labels]] {
        var all: [String: [Labels]] = [:]
        for job in try ConfigLoader.load(path).config.scrapeConfigs {
            let config = try #require(job.discovery.kubernetes.first)
            let source = KubernetesSource(config, Configured.surroundings())
            let groups = try await source.recorded { recorder in
                let isListed = try await recorder.wait { !$0.groups.isEmpty }
                #expect(isListed, "\(recorder.all)")
                return recorder.groups
            }
            let rules = TargetRules(job)
            all[job.jobName] = groups.flatMap { group in
                group.targets.map {
                    rules.discovered(FoundTarget(own: $0, group: group.labels))
                }
            }
        }
        return all
    }

    /// What Prometheus lists once it lists as many targets as expected, or after a while.
    private static func theirs(
        _ path: String, in folder: TemporaryFolder, count: [String: Int]
    ) async throws -> [String: [Labels]] {
        let port = try FreePort.tcp()
        let child = try await ChildProcess.start([
            "prometheus", "--config.file=\(path)", "--storage.tsdb.path=\(folder.file("data"))",
            "--web.listen-address=127.0.0.1:\(port)", "--log.level=error",
        ])
        let client = HTTPClient()
        let request = HTTPRequest(
            "GET", try HTTPAddress("http://127.0.0.1:\(port)/api/v1/targets?state=dropped"))
        var found: [String: [Labels]] = [:]
        let isComplete = try await eventually(within: .seconds(60)) {
            guard child.isRunning else { return true }
            try await Task.sleep(for: .milliseconds(200))
            // It does not listen at first.
            guard let answer = try? await client.fetch(request), answer.status == 200 else {
                return false
            }
            found = [:]
            let data = try JSONReader.read(answer.body)["data"]
            for target in data["droppedTargets"].elements {
                let labels = Labels([:], target["discoveredLabels"].texts)
                found[labels[LabelName.job], default: []].append(labels)
            }
            return found.mapValues(\.count) == count
        }
        await child.stop()
        #expect(isComplete, "\(found.mapValues(\.count)) of \(count); \(child.errors)")
        return found
    }
}
