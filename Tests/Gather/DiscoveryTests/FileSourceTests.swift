import Glibc
import Model
import Telemetry
import TestKit
import Testing

@testable import Discovery

struct FileSourceTests {
    private func source(
        _ files: String, in folder: TemporaryFolder, every interval: String = "1h",
        registry: MetricRegistry = MetricRegistry()
    ) throws -> any TargetSource {
        try Configured.source(
            """
            file_sd_configs:
              - files: [\(files)]
                refresh_interval: \(interval)
            """, in: folder, Configured.surroundings(registry: registry))
    }

    private func list(_ addresses: String...) -> String {
        "[{\"targets\": [\(addresses.map { "\"\($0)\"" }.joined(separator: ", "))]}]"
    }

    @Test func `files of both formats are read, with their paths`() async throws {
        let folder = try TemporaryFolder()
        let json = try folder.write(list("a:1"), to: "one.json")
        let yaml = try folder.write("- targets: [b:1]\n  labels: {x: y}\n", to: "two.yaml")
        try folder.write("- targets: [c:1]\n", to: "other.yml")
        try await source("'*.json', two.yaml", in: folder).recorded { recorder in
            let isThere = try await recorder.wait { $0.groups.count == 2 }
            #expect(isThere)
            #expect(
                recorder.groups == [
                    TargetGroup(
                        source: json + ":0", targets: [["__address__": "a:1"]],
                        labels: ["__meta_filepath": json]),
                    TargetGroup(
                        source: yaml + ":0", targets: [["__address__": "b:1"]],
                        labels: ["__meta_filepath": yaml, "x": "y"]),
                ])
            #expect(recorder.failures.isEmpty)
        }
    }

    private func addresses(_ recorder: Recorder) -> [String] {
        recorder.groups.flatMap { $0.targets.map { $0["__address__"] } }
    }

    @Test func `a change is seen at once, whether written, moved, linked or removed`() async throws
    {
        let folder = try TemporaryFolder()
        let other = try TemporaryFolder()
        try folder.write(list("a:1"), to: "a.json")
        try await source("'*.json'", in: folder).recorded { recorder in
            func expect(_ wanted: String...) async throws {
                let isThere = try await recorder.wait { addresses($0) == wanted }
                #expect(isThere, "\(addresses(recorder)) in place of \(wanted)")
            }
            try await expect("a:1")
            try folder.write(list("a:2"), to: "a.json")
            try await expect("a:2")
            let moved = try other.write(list("b:1"), to: "b.json")
            #expect(rename(moved, folder.file("b.json")) == 0)
            try await expect("a:2", "b:1")
            let linked = try other.write(list("c:1"), to: "c.json")
            #expect(symlink(linked, folder.file("c.json")) == 0)
            try await expect("a:2", "b:1", "c:1")
            unlink(folder.file("a.json"))
            try await expect("b:1", "c:1")
        }
    }

    @Test func `a bad file keeps what it said, and the others go on`() async throws {
        let folder = try TemporaryFolder()
        let registry = MetricRegistry()
        try folder.write(list("a:1"), to: "a.json")
        try folder.write(list("b:1"), to: "b.json")
        try await source("'*.json'", in: folder, registry: registry).recorded { recorder in
            await recorder.expect { addresses($0) == ["a:1", "b:1"] }
            try folder.write("[{\"targets\": [\"a:2\"", to: "a.json")
            try folder.write(list("b:2"), to: "b.json")
            await recorder.expect {
                addresses($0) == ["a:1", "b:2"] && !$0.failures.isEmpty
            }
            #expect(recorder.failures.last?.contains("a.json: line 1, column ") == true)
            try folder.write(list("a:3"), to: "a.json")
            await recorder.expect { addresses($0) == ["a:3", "b:2"] }
            let last = recorder.all.last
            #expect(last == last?.unwrapped, "it still fails")
        }
        #expect(TargetFinderTests.values(registry, "weir_sd_file_read_errors")[0] >= 1)
        #expect(TargetFinderTests.values(registry, "weir_sd_file_mtime_seconds")[0] > 1e9)
    }

    @Test func `a file that is being written is read once it is closed`() async throws {
        let folder = try TemporaryFolder()
        try folder.write("- targets: [a:1]\n", to: "a.yml")
        try await source("a.yml", in: folder).recorded { recorder in
            await recorder.expect { addresses($0) == ["a:1"] }
            let descriptor = open(folder.file("a.yml"), O_WRONLY | O_TRUNC | O_CLOEXEC)
            for line in ["- targets: [b:1]\n", "- targets: [c:1]\n", "- targets: [d:1]\n"] {
                _ = write(descriptor, line, line.utf8.count)
            }
            close(descriptor)
            await recorder.expect { addresses($0) == ["b:1", "c:1", "d:1"] }
            // Neither the empty file nor half of it was ever handed in.
            for event in recorder.all {
                guard case .replaced(let groups) = event.unwrapped else { continue }
                #expect([1, 3].contains(groups.count))
            }
        }
    }

    @Test func `a folder that comes later is found, and files are read again anyway`() async throws
    {
        let folder = try TemporaryFolder()
        try await source("'later/*.yml'", in: folder, every: "50ms").recorded { recorder in
            await recorder.expect { $0.all.count > 1 }
            #expect(recorder.groups.isEmpty)
            #expect(mkdir(folder.file("later"), 0o700) == 0)
            try folder.write("- targets: [a:1]\n", to: "later/a.yml")
            await recorder.expect { addresses($0) == ["a:1"] }
        }
    }
}
