import Configuration
import Model
import Processes
import TestKit
import Testing

@testable import Discovery

/// The examples of docs/discovery.md, each of which has to work as it stands there.
struct DocumentedExamplesTests {
    private struct Example {
        let heading: String
        let kind: String
        let text: String
    }

    private static func examples() throws -> [Example] {
        let page = try #require(Files.read(Shared.project + "/docs/discovery.md"))
        var examples: [Example] = []
        var heading = ""
        var lines: [Substring] = []
        var kind: String?
        for line in page.split(separator: "\n", omittingEmptySubsequences: false) {
            if kind != nil {
                if line == "```" {
                    examples.append(
                        Example(
                            heading: heading, kind: kind ?? "",
                            text: lines.joined(separator: "\n") + "\n"))
                    (kind, lines) = (nil, [])
                } else {
                    lines.append(line)
                }
            } else if line.hasPrefix("```") {
                kind = String(line.dropFirst(3))
            } else if line.hasPrefix("## ") {
                heading = String(line.dropFirst(3))
            }
        }
        return examples
    }

    @Test func `each kind has an example that loads, and is a source of that kind`() throws {
        var kinds: Set<String> = []
        for example in try Self.examples() where example.kind == "yaml" {
            let folder = try TemporaryFolder()
            let path = try folder.write(example.text, to: "prometheus.yml")
            var checks = ConfigChecks()
            checks.missingFiles = .ignored
            let config = try ConfigLoader.load(path, checks: checks).config
            #expect(config.scrapeConfigs.count == 1)
            let sources = SourceConfig.all(of: config.scrapeConfigs[0].discovery)
            let headings = sources.map { source in
                source.kind == "static" ? "static_configs" : source.kind + "_sd_configs"
            }
            #expect(headings.allSatisfy { $0 == example.heading }, "\(headings)")
            #expect(sources.allSatisfy { $0.kind == "static" || !$0.place.isEmpty })
            kinds.formUnion(headings)
        }
        #expect(
            kinds == [
                "static_configs", "file_sd_configs", "http_sd_configs", "dns_sd_configs",
                "postgres_sd_configs",
            ])
    }

    @Test func `the list of targets is one`() throws {
        let lists = try Self.examples().filter { $0.kind == "yaml targets" }
        #expect(lists.count == 1)
        for list in lists {
            let groups = try TargetList.yaml(
                Array(list.text.utf8), place: "x", label: Label("a", "b"))
            #expect(groups.map(\.targets.count) == [2, 1])
            #expect(groups[0].labels["zone"] == "eu")
        }
    }

    @Test func `all kinds that the configuration takes are run`() throws {
        let page = try #require(Files.read(Shared.project + "/docs/discovery.md"))
        for kind in DiscoveryConfig.kinds {
            #expect(page.contains("`\(kind)`"), "\(kind) is not on the page")
        }
    }
}
