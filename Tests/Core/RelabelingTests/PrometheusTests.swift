import Glibc
import Model
import Relabeling
import TestKit
import Testing

/// Weir and a real Prometheus make the same of random rules.
struct PrometheusTests {
    @Test func `3,000 random rule lists do what Prometheus does`() async throws {
        var random = RandomRules(seed: 7)
        let lists = (0..<3000).map { _ in (0...random.below(4)).map { _ in random.rule() } }
        let files = (0..<20).map { file in
            (0..<3).map { random.labels() + [Label("id", "\(file)-\($0)")] }
        }
        var expected = PrometheusPeer.Answer()
        for (job, list) in lists.enumerated() {
            let relabeler = Relabeler(try list.map { try RelabelRule($0, scheme: .legacy) })
            for labels in files[job % files.count] {
                let input = discovered(labels, job: job, file: job % files.count)
                // Rule by rule comes to the same as all at once.
                #expect(relabeler.trace(input).output == relabeler.relabel(input))
                if let output = relabeler.relabel(input) {
                    expected.active["job\(job) \(input["id"])"] = shown(output)
                } else {
                    expected.dropped += 1
                }
            }
        }
        let peer = PrometheusPeer(lists: lists, files: files)
        let answer = try await peer.answer(atLeast: expected.count)
        #expect(answer.dropped == expected.dropped)
        #expect(answer.active.count == expected.active.count)
        #expect(expected.active.count > 2000 && expected.dropped > 1000)
        for (key, labels) in expected.active {
            let job = Int(key.dropFirst(3).prefix { $0 != " " }) ?? 0
            #expect(answer.active[key] == labels, "\(key): \(lists[job].map(\.yaml))")
        }
    }

    @Test func `a rule that is refused here is refused by promtool, and the other way around`()
        async throws
    {
        var random = RandomRules(seed: 11)
        let folder = try TemporaryFolder("rules")
        var paths: [String] = []
        var drafts: [RelabelRule.Draft] = []
        for number in 0..<300 {
            let draft = random.draft()
            drafts.append(draft)
            let text = "scrape_configs:\n- job_name: a\n  relabel_configs:\n  - \(draft.yaml)\n"
            paths.append(try folder.write(text, to: "\(number).yml"))
        }
        let accepted = drafts.map { $0.problems(scheme: .legacy).isEmpty }
        #expect(accepted.contains(true) && accepted.contains(false))
        let outcome = try await ChildProcess.run(["promtool", "check", "config"] + paths)
        for (index, path) in paths.enumerated() {
            #expect(
                outcome.output.contains(" SUCCESS: \(path) is valid") == accepted[index],
                "\(drafts[index].yaml)")
        }
    }

    /// What Prometheus makes of a label set of a file before it relabels it.
    private func discovered(_ labels: [Label], job: Int, file: Int) -> Labels {
        Labels(
            labels + [
                Label("job", "job\(job)"), Label("__address__", "127.0.0.1:1"),
                Label("__scheme__", "http"), Label("__metrics_path__", "/metrics"),
                Label("__scrape_interval__", "12h"), Label("__scrape_timeout__", "10s"),
                Label("__meta_filepath", "targets\(file).json"),
            ])
    }

    /// What is shown of a relabeled target.
    private func shown(_ labels: Labels) -> Labels {
        var builder = LabelsBuilder(labels)
        if builder["instance"].isEmpty { builder["instance"] = builder["__address__"] }
        builder.removeAll { $0.name.hasPrefix("__") }
        return Labels(builder)
    }
}
