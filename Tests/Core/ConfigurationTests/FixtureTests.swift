import Configuration
import TestKit
import Testing
import YAML

struct FixtureTests {
    @Test func `there are at least 150 files`() {
        #expect(Fixtures.good.count >= 60)
        #expect(Fixtures.good.count + Fixtures.bad.count >= 150)
    }

    @Test(arguments: Fixtures.good)
    func `a good file is read, and what is printed of it reads as the same`(name: String) throws {
        let path = "\(Fixtures.folder)/good/\(name)"
        let loaded = try ConfigLoader.load(path, checks: Fixtures.textOnly)
        let folder = try TemporaryFolder("config")
        let printed = try folder.write(loaded.config.yaml, to: "printed.yml")
        let again = try ConfigLoader.load(printed, checks: Fixtures.textOnly)
        #expect(again.config.yaml == loaded.config.yaml)
        #expect(
            again.config.scrapeConfigs.map(\.jobName) == loaded.config.scrapeConfigs.map(\.jobName))
    }

    @Test(arguments: Fixtures.bad)
    func `a bad file is refused with exactly its sentences`(name: String) throws {
        let path = "\(Fixtures.folder)/bad/\(name)"
        let error = #expect(throws: ConfigError.self) {
            try ConfigLoader.load(path, checks: Fixtures.textOnly)
        }
        let found = error.map { $0.complaints.filter { $0.severity == .error } } ?? []
        let sentences = found.map {
            $0.description.split(separator: "\(Fixtures.folder)/bad/").joined()
        }
        let expected = try Fixtures.sentences(name)
        #expect(sentences == expected)
        for excerpt in found.map(\.excerpt) { #expect(!excerpt.contains("hunter2"), "\(excerpt)") }
    }

    @Test func `promtool agrees on every file whose fields it knows`() async throws {
        for (kind, names) in [("good", Fixtures.good), ("bad", Fixtures.bad)] {
            let paths = try names.map { "\(Fixtures.folder)/\(kind)/\($0)" }
                .filter(Fixtures.isKnownToPromtool)
            #expect(paths.count >= 35)
            let outcome = try await ChildProcess.run(
                ["promtool", "check", "config", "--syntax-only"] + paths)
            var failed: Set<Substring> = []
            var current: Substring = ""
            for line in outcome.output.split(separator: "\n")
                + outcome.errors.split(separator: "\n")
            {
                if line.hasPrefix("Checking ") { current = line.dropFirst("Checking ".count) }
                if let range = line.firstRange(of: "parsing YAML file ") {
                    failed.insert(line[range.upperBound...].prefix { $0 != ":" })
                } else if line.contains("FAILED") {
                    failed.insert(current)
                }
            }
            for path in paths {
                #expect(failed.contains(path[...]) == (kind == "bad"), "\(path)")
            }
        }
    }
}
