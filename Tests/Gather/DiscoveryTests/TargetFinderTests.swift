import Configuration
import HTTPFetch
import Model
import Telemetry
import TestKit
import Testing
import Threads

@testable import Discovery

/// A source whose answers a test gives.
final class ScriptedSource: TargetSource {
    private let state = Locked<(updates: TargetUpdates?, starts: Int, stops: Int)>((nil, 0, 0))

    var starts: Int { state.withLock { $0.starts } }
    var stops: Int { state.withLock { $0.stops } }
    var updates: TargetUpdates? { state.withLock { $0.updates } }

    func run(_ updates: TargetUpdates) async {
        state.withLock { $0 = (updates, $0.starts + 1, $0.stops) }
        while !Task.isCancelled {
            // Lost is only that the sleep was cut short, which ends the loop.
            try? await Task.sleep(for: .seconds(3600))
        }
        state.withLock { $0.stops += 1 }
    }
}

struct TargetFinderTests {
    private func discovery(_ address: String) throws -> DiscoveryConfig {
        try Configured.job("static_configs: [{targets: ['\(address)']}]").discovery
    }

    private func group(_ source: String, _ addresses: String...) -> TargetGroup {
        TargetGroup(source: source, targets: addresses.map { ["__address__": $0] })
    }

    @Test func `static targets of all jobs come in one snapshot`() async throws {
        let finder = TargetFinder(Configured.surroundings(), pause: .milliseconds(50))
        finder.apply(["a": try discovery("a:1"), "b": try discovery("b:1")])
        let run = Task { await finder.run() }
        for await snapshot in finder.snapshots
        where snapshot.groups.values.allSatisfy({ !$0.isEmpty }) {
            #expect(Set(snapshot.groups.keys) == ["a", "b"])
            #expect(snapshot.groups["b"]?.first?.targets == [["__address__": "b:1"]])
            break
        }
        run.cancel()
        await run.value
    }

    @Test func `a reload stops what is gone, keeps what stays and starts what is new`() async throws
    {
        let sources = Locked<[SourceConfig: ScriptedSource]>([:])
        let finder = TargetFinder(Configured.surroundings(), pause: .milliseconds(20)) { config in
            sources.withLock { sources in
                let source = sources[config] ?? ScriptedSource()
                sources[config] = source
                return source
            }
        }
        @Sendable func source(_ discovery: DiscoveryConfig) -> ScriptedSource? {
            let config = SourceConfig.all(of: discovery)[0]
            return sources.withLock { $0[config] }
        }
        let (stays, goes, comes) = (try discovery("s"), try discovery("g"), try discovery("c"))
        let run = Task { await finder.run() }
        finder.apply(["a": stays, "b": goes])
        #expect(
            try await eventually { source(stays)?.starts == 1 && source(goes)?.starts == 1 })
        finder.apply(["a": stays, "c": comes])
        #expect(
            try await eventually { source(comes)?.starts == 1 && source(goes)?.stops == 1 })
        #expect(source(stays)?.starts == 1)
        #expect(source(stays)?.stops == 0)

        source(goes)?.updates?.replace([group("late", "late:1")])
        source(stays)?.updates?.replace([group("0", "s:1")])
        for await snapshot in finder.snapshots where snapshot.groups["a"]?.isEmpty == false {
            #expect(snapshot.groups["a"]?[0].targets == [["__address__": "s:1"]])
            #expect(snapshot.groups["c"] == [])
            break
        }
        run.cancel()
        await run.value
        #expect(source(stays)?.stops == 1)
        #expect(source(comes)?.stops == 1)
    }

    @Test func `a failing source keeps its targets and says so once`() async throws {
        let lines = Locked<[LogLine]>([])
        let registry = MetricRegistry()
        let source = ScriptedSource()
        let log = Log(level: .info) { line in lines.withLock { $0.append(line) } }
        let surroundings = Configured.surroundings(registry: registry, log: log)
        let finder = TargetFinder(surroundings, pause: .milliseconds(20)) { _ in source }
        let run = Task { await finder.run() }
        finder.apply(["a": try discovery("s")])
        #expect(try await eventually { source.updates != nil })
        source.updates?.replace([group("0", "s:1", "t:1")])
        for _ in 0..<100 { source.updates?.failed(reason: "down") }
        for await snapshot in finder.snapshots where snapshot.groups["a"]?.isEmpty == false {
            #expect(snapshot.groups["a"]?[0].targets.count == 2)
            break
        }
        #expect(finder.states[0].lastError == "down")
        let warnings = lines.withLock { $0 }
        #expect(warnings.map(\.message) == ["discovery failed"])
        let fields = warnings[0].fields.map { "\($0.0)=\($0.1)" }
        #expect(fields.contains("error=down"))
        #expect(fields.contains("kept_targets=2"))
        #expect(Self.values(registry, "weir_sd_failed_configs") == [1])
        #expect(Self.values(registry, "weir_sd_discovered_targets") == [2])
        #expect(Self.values(registry, "weir_sd_received_updates") == [101])
        source.updates?.succeeded()
        #expect(finder.states[0].lastError == nil)
        #expect(lines.withLock { $0.last?.message } == "discovery works again")
        run.cancel()
        await run.value
    }

    static func values(_ registry: MetricRegistry, _ name: String) -> [Double] {
        registry.snapshot().first { $0.name == name }?.lines.map(\.value) ?? []
    }

    @Test func `thousands of targets churn, and each change arrives`() async throws {
        let source = ScriptedSource()
        let finder = TargetFinder(Configured.surroundings(), pause: .milliseconds(20)) { _ in
            source
        }
        let run = Task { await finder.run() }
        finder.apply(["a": try discovery("s")])
        #expect(try await eventually { source.updates != nil })
        let updates = try #require(source.updates)
        updates.replace(
            (0..<100).map { number in
                TargetGroup(
                    source: "\(number)",
                    targets: (0..<100).map { ["__address__": "10.0.\(number).\($0):9100"] })
            })
        var targets = JobTargets(TargetRules(try Configured.job("")))
        var round = 0
        var iterator = finder.snapshots.makeAsyncIterator()
        while round < 5, let snapshot = await iterator.next() {
            await targets.update(snapshot.groups["a"] ?? [])
            let isNext = round == 0 || targets.active.last?.address == "z-\(round):1"
            guard targets.active.count > 9_000, isNext else { continue }
            round += 1
            updates.update(group("\(round)", "new-\(round):1"))
            updates.update(group("z", (0..<100).map { "x\(round)-\($0):1" } + ["z-\(round):1"]))
        }
        #expect(targets.active.count == 10_000 + 101 - 4 * 99)
        run.cancel()
        await run.value
    }

    private func group(_ source: String, _ addresses: [String]) -> TargetGroup {
        TargetGroup(source: source, targets: addresses.map { ["__address__": $0] })
    }
}
