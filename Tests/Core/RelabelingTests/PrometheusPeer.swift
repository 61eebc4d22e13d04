import Glibc
import Model
import Relabeling
import TestKit

/// A real Prometheus that finds label sets in files and relabels them, one list of rules per job.
struct PrometheusPeer {
    /// What one job does to every label set.
    let lists: [[RelabelRule.Draft]]
    /// The label sets of each file; jobs share the files in turn.
    let files: [[[Label]]]

    /// What it made of the label sets that it would scrape, by job and by the label `id`, and how
    /// many it dropped.
    ///
    /// 2.42 lists the discovered labels too, but its rules write into them.
    struct Answer {
        var active: [String: Labels] = [:]
        var dropped = 0
        var count: Int { active.count + dropped }
    }

    /// Starts it, waits until it lists `count` targets or stops finding more, and stops it.
    func answer(atLeast count: Int) async throws -> Answer {
        let folder = try TemporaryFolder("relabel")
        for (number, sets) in files.enumerated() {
            try folder.write(Self.fileSD(sets), to: "targets\(number).json")
        }
        let config = try folder.write(configuration(in: folder), to: "prometheus.yml")
        let port = try Self.freePort()
        let child = try await ChildProcess.start([
            "prometheus", "--config.file=\(config)", "--storage.tsdb.path=\(folder.file("data"))",
            "--web.listen-address=127.0.0.1:\(port)", "--log.level=error",
        ])
        var answer = Answer()
        let isComplete = try await eventually(within: .seconds(120)) {
            guard child.isRunning else { throw PeerError("it ended: \(child.errors)") }
            try await Task.sleep(for: .milliseconds(500))
            answer = try await Self.targets(port: port)
            return answer.count >= count
        }
        await child.stop(SIGKILL)
        guard isComplete else {
            throw PeerError("it lists \(answer.count) of \(count)")
        }
        return answer
    }

    private func configuration(in folder: TemporaryFolder) -> String {
        var text = "global: {scrape_interval: 12h, scrape_timeout: 10s}\nscrape_configs:\n"
        for (number, list) in lists.enumerated() {
            text += "- job_name: job\(number)\n  file_sd_configs:\n"
            text += "  - files: [\(folder.file("targets\(number % files.count).json"))]\n"
            text += "  relabel_configs:\n" + list.map { "  - \($0.yaml)\n" }.joined()
        }
        return text
    }

    private static func fileSD(_ sets: [[Label]]) -> String {
        let groups = sets.map { labels in
            let pairs = labels.map { "\(quoted($0.name)): \(quoted($0.value))" }
            return
                "{\"targets\": [\"127.0.0.1:1\"], \"labels\": {\(pairs.joined(separator: ", "))}}"
        }
        return "[" + groups.joined(separator: ",\n") + "]"
    }

    static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            if scalar == "\"" || scalar == "\\" { result += "\\" }
            result.unicodeScalars.append(scalar)
        }
        return result + "\""
    }

    private static func targets(port: UInt16) async throws -> Answer {
        let url = "http://127.0.0.1:\(port)/api/v1/targets"
        let outcome = try await ChildProcess.run(["curl", "-sS", "--max-time", "30", url])
        let data = SmallJSON(outcome.output)["data"]
        func labels(_ value: SmallJSON) -> Labels {
            Labels(value.fields.map { Label($0.key, $0.value.string) })
        }
        var answer = Answer(dropped: data["droppedTargets"].elements.count)
        for target in data["activeTargets"].elements {
            let labels = labels(target["labels"])
            answer.active["\(target["scrapePool"].string) \(labels["id"])"] = labels
        }
        return answer
    }

    /// A port that was free a moment ago; Prometheus cannot be asked to choose one and tell it.
    private static func freePort() throws -> UInt16 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let code = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 ? getsockname(descriptor, $0, &length) : -1
            }
        }
        guard code == 0 else { throw SystemError("bind", path: "127.0.0.1") }
        return UInt16(bigEndian: address.sin_port)
    }
}

/// Why the peer could not be asked.
struct PeerError: Error, CustomStringConvertible {
    let description: String
    init(_ text: String) { description = "prometheus: \(text)" }
}

extension RelabelRule.Draft {
    /// The draft as a flow mapping, with every field that was written.
    var yaml: String {
        var fields = ["action: \(action.rawValue)"]
        if let sourceLabels {
            fields.append(
                "source_labels: [\(sourceLabels.map(PrometheusPeer.quoted).joined(separator: ", "))]"
            )
        }
        if separator != ";" { fields.append("separator: \(PrometheusPeer.quoted(separator))") }
        if let regex { fields.append("regex: \(PrometheusPeer.quoted(regex))") }
        if modulus != 0 { fields.append("modulus: \(modulus)") }
        if !targetLabel.isEmpty {
            fields.append("target_label: \(PrometheusPeer.quoted(targetLabel))")
        }
        if replacement != "$1" {
            fields.append("replacement: \(PrometheusPeer.quoted(replacement))")
        }
        return "{" + fields.joined(separator: ", ") + "}"
    }
}
