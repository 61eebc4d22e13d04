import Configuration
import TestKit
import Testing
import YAML

@testable import Discovery

/// What `docs/discovery-cluster.md` shows is what Weir does.
struct ClusterDocumentTests {
    private static let page: String = {
        // A page that is missing makes each of these tests fail.
        let path = Shared.project + "/docs/discovery-cluster.md"
        let bytes = (try? YAMLReader.bytes(path: path, limit: 1 << 20)) ?? []
        return String(decoding: bytes, as: UTF8.self)
    }()

    /// The texts of all blocks of YAML.
    private static var examples: [String] {
        var examples: [String] = []
        var lines: [Substring]?
        for line in page.split(separator: "\n", omittingEmptySubsequences: false) {
            if line == "```yaml" {
                lines = []
            } else if line == "```", let example = lines {
                examples.append(example.joined(separator: "\n") + "\n")
                lines = nil
            } else {
                lines?.append(line)
            }
        }
        return examples
    }

    @Test func `each example is a configuration of the kind it stands under`() throws {
        let kinds = try Self.examples.map { example in
            let folder = try TemporaryFolder()
            let path = try folder.write(example, to: "prometheus.yml")
            let jobs = try ConfigLoader.load(path).config.scrapeConfigs
            return jobs.flatMap { SourceConfig.all(of: $0.discovery).map(\.kind) }
        }
        #expect(kinds == [["kubernetes"], ["consul"], ["docker"], ["dockerswarm"]])
    }

    @Test(arguments: [
        ("Kubernetes", "kubernetes_"), ("Consul", "consul_"), ("Docker", "docker_"),
        ("Docker", "dockerswarm_"),
    ])
    func `each label that the tests expect is in the tables`(folder: String, prefix: String) throws
    {
        let tests = "\(Shared.project)/Tests/Gather/DiscoveryTests/\(folder)"
        let files =
            ["PodTargets", "SimpleRoles", "EndpointsTargets", "ConsulTargets"]
            + ["DockerTargets", "SwarmTargets"]
        var names: Set<String> = []
        for file in files {
            // Each folder has some of these files.
            guard
                let bytes = try? YAMLReader.bytes(
                    path: "\(tests)/\(file)Tests.swift", limit: 1 << 20)
            else { continue }
            let text = String(decoding: bytes, as: UTF8.self)
            for part in text.split(separator: "\"__meta_" + prefix).dropFirst() {
                names.insert(String(part.prefix { $0.isLetter || $0.isNumber || $0 == "_" }))
            }
        }
        #expect(names.count > 10, "the expectations are where this test looks for them")
        let fragments = ["", "endpointslice_", "pod_container_", "pod_", "service_"]
        // One name is expected nowhere.
        for name in names.subtracting(fragments + ["namespace_name"]) {
            #expect(Self.isDocumented(name), "\(prefix)\(name)")
        }
    }

    /// Whether the page has the name in backquotes, itself or as `beginning_<key>`.
    private static func isDocumented(_ name: String) -> Bool {
        if page.contains("`\(name)`") { return true }
        var beginning = name[...]
        while let underscore = beginning.lastIndex(of: "_") {
            beginning = beginning[..<underscore]
            if page.contains("`\(beginning)_<key>`") || page.contains("`\(beginning)_<type>`") {
                return true
            }
        }
        return false
    }
}
