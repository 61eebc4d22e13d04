import Configuration
import HTTPFetch
import JSON
import Model
import TestKit
import Testing

@testable import Discovery

/// A real vmagent and Weir look at the same cluster; Debian's Prometheus is built without this kind.
///
/// vmagent 1.79 is older: it does not tell all that Prometheus tells today, and lists targets before
/// it knows their nodes and services. What both tell of a target has to be the same.
struct KubernetesTwinTests {
    private static let roles = ["node", "service", "pod", "endpoints", "endpointslice", "ingress"]

    /// What only vmagent tells, of endpoints and slices: more of the service before them.
    private static let foreign = [
        "__meta_kubernetes_service_cluster_ip", "__meta_kubernetes_service_type",
    ]

    /// A job for each role, whose targets are all dropped, so that none of them is scraped.
    private static func configuration(_ cluster: FakeCluster) -> String {
        var text = "global: {scrape_interval: 1m, scrape_timeout: 10s}\nscrape_configs:\n"
        for role in roles {
            let attach = ["pod", "endpoints", "endpointslice"].contains(role)
            text += "- job_name: \(role)\n  kubernetes_sd_configs:\n"
            text += "  - {role: \(role), api_server: \"\(cluster.url)\", "
            text += "attach_metadata: {node: \(attach)}}\n"
            text += "  relabel_configs: [{action: drop, source_labels: [__address__]}]\n"
        }
        return text
    }

    @Test func `both find the same targets, and tell the same of them`() async throws {
        let cluster = try FakeCluster.recorded()
        let folder = try TemporaryFolder("twin")
        let path = try folder.write(Self.configuration(cluster), to: "prometheus.yml")
        let mine = try await Self.mine(path)
        let theirs = try await Self.theirs(path, in: folder) { theirs in
            Self.roles.allSatisfy { role in
                mine[role, default: []].allSatisfy { target in
                    theirs[role, default: []].contains { Self.agree(target, $0) }
                }
            }
        }
        for role in Self.roles {
            let (mine, theirs) = (mine[role, default: []], theirs[role, default: []])
            #expect(!mine.isEmpty, "\(role)")
            for target in mine {
                #expect(theirs.contains { Self.agree(target, $0) }, "\(role): \(target)")
            }
            for target in theirs {
                #expect(mine.contains { Self.agree($0, target) }, "\(role): \(target)")
            }
        }
    }

    /// Whether these are one target: vmagent tells nothing else of it, and nothing that Weir does not
    /// tell.
    private static func agree(_ mine: Labels, _ theirs: Labels) -> Bool {
        theirs.allSatisfy { label in
            if mine[label.name] == label.value || foreign.contains(label.name) { return true }
            // vmagent knows the node behind a pod's other ports too; and of a container's port with
            // two protocols it tells the container's, where Prometheus tells that of the endpoints.
            return label.name.hasPrefix("__meta_kubernetes_node_") && !mine.contains(label.name)
                || label.name == "__meta_kubernetes_pod_container_port_protocol"
                    && mine.contains("__meta_kubernetes_endpoint_port_protocol")
        }
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
                group.targets.map { rules.discovered(FoundTarget(own: $0, group: group.labels)) }
            }
        }
        return all
    }

    /// What vmagent lists once `isEnough`, or after a while.
    private static func theirs(
        _ path: String, in folder: TemporaryFolder,
        isEnough: @Sendable ([String: [Labels]]) -> Bool
    ) async throws -> [String: [Labels]] {
        let port = try FreePort.tcp()
        let child = try await ChildProcess.start([
            "vmagent", "-promscrape.config=\(path)", "-httpListenAddr=127.0.0.1:\(port)",
            "-remoteWrite.url=http://127.0.0.1:9/",
            "-remoteWrite.tmpDataPath=\(folder.file("data"))",
        ])
        let client = HTTPClient()
        let request = HTTPRequest(
            "GET", try HTTPAddress("http://127.0.0.1:\(port)/api/v1/targets?state=dropped"))
        var found: [String: [Labels]] = [:]
        let isComplete = try await eventually(within: .seconds(60)) {
            guard child.isRunning else { return false }
            try await Task.sleep(for: .milliseconds(200))
            // It does not listen at first.
            guard let answer = try? await client.fetch(request), answer.status == 200 else {
                return false
            }
            found = [:]
            let data = try JSONReader.read(answer.body)["data"]
            for target in data["droppedTargets"].elements {
                let all = Labels([:], target["discoveredLabels"].texts)
                let labels = Labels(
                    all.filter { !$0.name.hasPrefix("__") || $0.name.hasPrefix("__meta_") }
                        + [Label(LabelName.address, all[LabelName.address])])
                found[labels[LabelName.job], default: []].append(labels)
            }
            return isEnough(found)
        }
        await child.stop()
        #expect(isComplete, "\(found.mapValues(\.count)): \(child.errors.suffix(2000))")
        return found
    }
}
