import Discovery
import Model
import Testing

struct JobTargetsTests {
    private func group(_ source: String, _ addresses: [String], _ labels: Labels = Labels())
        -> TargetGroup
    {
        TargetGroup(
            source: source, targets: addresses.map { ["__address__": $0] }, labels: labels)
    }

    private func targets(_ yaml: String) throws -> JobTargets {
        JobTargets(TargetRules(try Configured.job(yaml)))
    }

    private let rules = """
        relabel_configs:
          - {source_labels: [__address__], regex: "drop.*", action: drop}
          - {source_labels: [__address__], regex: "bad", target_label: __address__, replacement: a/b}
        """

    @Test func `targets are sorted into those to scrape, dropped and failed`() async throws {
        var targets = try targets(rules)
        await targets.update([
            group("one", ["a:1", "drop:1", "bad"]), group("two", ["b:1", "drop:2"]),
        ])
        #expect(targets.active.map(\.address) == ["a:1", "b:1"])
        #expect(targets.dropped.map { $0.own["__address__"] } == ["drop:1", "drop:2"])
        #expect(targets.droppedCount == 2)
        #expect(targets.failures.map(\.source) == ["one"])
        #expect(targets.failures.map(\.fault) == [.badAddress("a/b")])
        await targets.update([group("two", ["b:1"])])
        #expect(targets.active.map(\.address) == ["b:1"])
        #expect(targets.droppedCount == 0)
        #expect(targets.failures.isEmpty)
    }

    @Test func `a target that is found twice is scraped once`() async throws {
        var targets = try targets("")
        await targets.update([group("one", ["a:1", "a:1"]), group("two", ["a:1", "b:1"])])
        #expect(targets.active.map(\.address) == ["a:1", "b:1"])
        // It lives on in the group that still has it.
        await targets.update([group("one", []), group("two", ["a:1", "b:1"])])
        #expect(targets.active.map(\.address) == ["a:1", "b:1"])
        await targets.update([group("one", ["a:1"], ["x": "y"]), group("two", ["a:1"])])
        #expect(targets.active.map { $0.labels["x"] } == ["y", ""])
    }

    @Test func `of dropped targets no more are kept than asked for`() async throws {
        var targets = try targets(rules + "\nkeep_dropped_targets: 3")
        await targets.update([
            group("one", ["drop:1", "drop:2"]), group("two", ["drop:3", "drop:4", "a:1"]),
        ])
        #expect(targets.dropped.map { $0.own["__address__"] } == ["drop:1", "drop:2", "drop:3"])
        #expect(targets.droppedCount == 4)
    }

    @Test func `too many targets are a fault of the whole job`() async throws {
        var targets = try targets("target_limit: 2")
        await targets.update([group("one", ["a:1", "b:1"])])
        #expect(targets.limitFault == nil)
        await targets.update([group("one", ["a:1", "b:1", "c:1"])])
        #expect(
            targets.limitFault == "target_limit exceeded (number of targets: 3, limit: 2)")
    }

    @Test func `new rules make new targets, and the same rules keep those there are`() async throws
    {
        var targets = try targets("metrics_path: /a")
        await targets.update([group("one", ["a:1"])])
        let same = JobTargets(
            TargetRules(try Configured.job("metrics_path: /a\nhonor_labels: true")),
            after: targets)
        #expect(same.active == targets.active)
        var other = JobTargets(
            TargetRules(try Configured.job("metrics_path: /b")), after: targets)
        #expect(other.active.isEmpty)
        await other.update([group("one", ["a:1"])])
        #expect(other.active.map(\.url) == ["http://a:1/b"])
    }

    @Test func `a group that stays costs nothing, and one that changes is made anew`() async throws
    {
        var targets = try targets(rules)
        let big = group("big", (0..<3_000).map { "h\($0):1" })
        for round in 0..<20 {
            await targets.update([big, group("small", ["s\(round):1"])])
            #expect(targets.active.count == 3_001)
            #expect(targets.active.last?.address == "s\(round):1")
        }
    }
}
