import Configuration
import Glibc
import Model
import TestKit
import Testing
import YAML

/// The files of `targets/`, which everybody sees first.
struct TargetsTests {
    private static let folder = Shared.project + "/targets"

    private static var names: [String] {
        guard let handle = opendir(folder) else { return [] }
        defer { closedir(handle) }
        var names: [String] = []
        while let entry = readdir(handle) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name.hasSuffix(".yml") { names.append(name) }
        }
        return names.sorted()
    }

    private func document(_ name: String) throws -> YAMLDocument {
        try YAMLReader.read(path: Self.folder + "/" + name)
    }

    /// Whether the file is a configuration of Prometheus.
    private func isPrometheus(_ name: String) throws -> Bool {
        try document(name).root?["scrape_configs"] != nil
    }

    /// Whether the file is a list of targets.
    private func isTargetList(_ name: String) throws -> Bool {
        if case .list? = try document(name).root?.content { true } else { false }
    }

    @Test func `there is a pair to begin with, and an example for each of the five systems`() {
        let wanted = [
            "prometheus", "weir", "self", "node", "dcos", "directus", "mackerel", "wgtwo",
            "influxdb",
        ]
        #expect(Self.names == wanted.map { $0 + ".yml" }.sorted())
    }

    @Test func `each file opens with two lines on what it scrapes and what to change`() throws {
        for name in Self.names {
            let text = String(decoding: try document(name).bytes, as: UTF8.self)
            let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
            #expect(lines[0].hasPrefix("# "), "\(name)")
            #expect(lines[1].hasPrefix("# Change: "), "\(name)")
            #expect(!lines[2].hasPrefix("#"), "\(name)")
            for line in lines { #expect(line.unicodeScalars.count <= 100, "\(name): \(line)") }
        }
    }

    @Test func `the settings load, those to begin with without a warning`() throws {
        var count = 0
        for name in Self.names where try !isPrometheus(name) && !isTargetList(name) {
            let reading = SettingsReading(path: Self.folder + "/" + name)
            #expect(reading.errors.map(\.description) == [])
            #expect(name != "weir.yml" || reading.warnings.isEmpty)
            count += 1
        }
        #expect(count == 2)
    }

    @Test func `the settings that are commented out would load too`() throws {
        let text = String(decoding: try document("weir.yml").bytes, as: UTF8.self)
        let lines = text.split(separator: "\n").dropFirst(2)
        for start in ["database:", "listen: [\"0"] {
            let from = lines.drop { !$0.hasPrefix("# " + start) }
            #expect(!from.isEmpty)
            let yaml = from.prefix { $0.hasPrefix("# ") && !$0.contains("An address") }
                .map { $0.dropFirst(2) }.joined(separator: "\n")
            let hash = String(repeating: "a", count: 64)
            let filled = yaml.split(separator: "...").joined(separator: hash)
            let document = try YAMLReader.read(Array(filled.utf8), file: "weir.yml")
            #expect(SettingsReading(document: document).errors.map(\.description) == [])
        }
    }

    @Test func `Weir loads every file of Prometheus's without an error`() throws {
        var jobs: [String] = []
        for name in try Self.names.filter(isPrometheus) {
            let loaded = try ConfigLoader.load(Self.folder + "/" + name)
            jobs += loaded.config.scrapeConfigs.map(\.jobName)
        }
        #expect(jobs == ["dcos", "directus", "influxdb", "weir", "node", "cisco"])
    }

    @Test func `wgtwo's file means what its documentation says`() throws {
        let loaded = try ConfigLoader.load(Self.folder + "/wgtwo.yml")
        let job = try #require(loaded.config[job: "cisco"])
        #expect(job.scrapeInterval == .seconds(30))
        #expect(job.metricsPath == "/metrics/v1")
        #expect(job.scheme == "https")
        #expect(job.http.oauth2?.scopes == ["metrics.read"])
    }

    @Test func `promtool agrees on every file of Prometheus's`() async throws {
        let names = try Self.names.filter(isPrometheus)
        #expect(
            names == ["dcos.yml", "directus.yml", "influxdb.yml", "prometheus.yml", "wgtwo.yml"])
        let paths = names.map { Self.folder + "/" + $0 }
        let outcome = try await ChildProcess.run(["promtool", "check", "config"] + paths)
        #expect(outcome.status == 0, "\(outcome.output) \(outcome.errors)")
    }

    @Test func `wgtwo's file is that of its documentation, to the letter`() throws {
        guard let reference = Shared.folder("reference") else { return }
        let bytes = try YAMLReader.bytes(path: reference + "/systems.md", limit: 1 << 24)
        let text = String(decoding: bytes, as: UTF8.self)
        let start = try #require(text.firstRange(of: "### 4.2 ")).upperBound
        let section = text[start...]
        let begin = try #require(section.firstRange(of: "```yaml\n")).upperBound
        let end = try #require(section[begin...].firstRange(of: "```")).lowerBound
        let ours = String(decoding: try document("wgtwo.yml").bytes, as: UTF8.self)
        let lines = ours.split(separator: "\n", omittingEmptySubsequences: false).dropFirst(2)
        #expect(lines.joined(separator: "\n") == section[begin..<end])
    }
}
