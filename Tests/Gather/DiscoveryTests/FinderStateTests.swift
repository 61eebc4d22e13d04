import Configuration
import Model
import Testing

@testable import Discovery

struct FinderStateTests {
    private let start = ContinuousClock.now
    private let wall = Timestamp(milliseconds: 1_000_000)

    private func state() -> FinderState {
        FinderState(pause: .seconds(5), gathering: .milliseconds(100))
    }

    /// A job of static targets, each list a source of its own kind of settings.
    private func discovery(_ addresses: String...) throws -> DiscoveryConfig {
        try Configured.job("static_configs: [{targets: [\(addresses.joined(separator: ", "))]}]")
            .discovery
    }

    private func group(_ source: String, _ addresses: String...) -> TargetGroup {
        TargetGroup(source: source, targets: addresses.map { ["__address__": $0] })
    }

    private func addresses(_ snapshot: TargetSnapshot, _ job: String) -> [String]? {
        snapshot.groups[job]?.flatMap { $0.targets.map { $0["__address__"] } }
    }

    @Test func `a first answer is handed on at once, later ones every few seconds`() throws {
        var state = state()
        let steps = state.apply(["a": try discovery("a:1")], at: start)
        #expect(steps.start.map(\.id) == [1])
        #expect(state.due(at: start) == start + .milliseconds(100))
        #expect(addresses(state.snapshot(at: start), "a") == [])
        #expect(state.due(at: start) == nil)

        let first = start + .seconds(1)
        _ = state.take(.replaced([group("0", "a:1")]), from: 1, at: first, wall: wall)
        #expect(state.due(at: first) == first + .milliseconds(100))
        #expect(addresses(state.snapshot(at: first), "a") == ["a:1"])

        let second = start + .seconds(2)
        _ = state.take(.updated(group("1", "b:1")), from: 1, at: second, wall: wall)
        #expect(state.due(at: second) == first + .seconds(5))
        _ = state.take(.updated(group("0")), from: 1, at: second, wall: wall)
        #expect(addresses(state.snapshot(at: first + .seconds(5)), "a") == ["b:1"])

        // After a quiet time nothing has to be waited for but what comes with it.
        let late = start + .seconds(60)
        _ = state.take(.updated(group("0", "c:1")), from: 1, at: late, wall: wall)
        #expect(state.due(at: late) == late + .milliseconds(100))
    }

    @Test func `what changes nothing is not handed on`() throws {
        var state = state()
        _ = state.apply(["a": try discovery("a:1")], at: start)
        _ = state.take(
            .replaced([group("0", "a:1"), group("1", "b:1"), group("2")]), from: 1, at: start,
            wall: wall)
        let version = state.snapshot(at: start).versions["a"]
        _ = state.take(
            .replaced([group("1", "b:1"), group("0", "a:1")]), from: 1, at: start, wall: wall)
        _ = state.take(.updated(group("0", "a:1")), from: 1, at: start, wall: wall)
        _ = state.take(.updated(group("gone")), from: 1, at: start, wall: wall)
        _ = state.take(.succeeded, from: 1, at: start, wall: wall)
        #expect(state.due(at: start) == nil)
        #expect(state.snapshot(at: start).versions["a"] == version)
    }

    @Test func `a source that fails keeps its last good answer`() throws {
        var state = state()
        _ = state.apply(["a": try discovery("a:1")], at: start)
        _ = state.take(.replaced([group("0", "a:1", "b:1")]), from: 1, at: start, wall: wall)
        let later = wall + .seconds(10)
        _ = state.take(.failed(reason: "no luck"), from: 1, at: start, wall: later)
        #expect(addresses(state.snapshot(at: start), "a") == ["a:1", "b:1"])
        let one = state.states[0]
        #expect((one.lastError, one.lastErrorTime, one.lastSuccess) == ("no luck", later, wall))
        #expect((one.groupCount, one.targetCount, one.jobs) == (1, 2, ["a"]))
        _ = state.take(.succeeded, from: 1, at: start, wall: later + .seconds(1))
        #expect(state.states[0].lastError == nil)
        #expect(state.states[0].lastErrorTime == nil)
    }

    @Test func `over a reload sources with the same settings run on`() throws {
        var state = state()
        let (same, other) = (try discovery("a:1"), try discovery("b:1"))
        #expect(state.apply(["a": same, "b": same], at: start).start.count == 1)
        _ = state.take(.replaced([group("0", "a:1")]), from: 1, at: start, wall: wall)
        let before = state.snapshot(at: start)
        #expect(addresses(before, "b") == ["a:1"])

        let steps = state.apply(["a": same, "c": other, "d": same], at: start)
        #expect(steps.start.map(\.id) == [2])
        #expect(steps.stop.isEmpty)
        #expect(state.states.map(\.jobs) == [["a", "d"], ["c"]])
        let after = state.snapshot(at: start)
        #expect(Set(after.groups.keys) == ["a", "c", "d"])
        #expect(after.versions["a"] == before.versions["a"])
        #expect(addresses(after, "d") == ["a:1"])

        #expect(state.apply(["c": other], at: start).stop.map(\.id) == [1])
        #expect(state.take(.succeeded, from: 1, at: start, wall: wall) == nil)
        #expect(state.states.map(\.jobs) == [["c"]])
    }

    @Test func `new settings lose no targets until the new source has spoken`() throws {
        var state = state()
        _ = state.apply(["a": try discovery("a:1")], at: start)
        _ = state.take(.replaced([group("0", "a:1")]), from: 1, at: start, wall: wall)
        _ = state.snapshot(at: start)
        let reload = start + .seconds(100)
        let steps = state.apply(["a": try discovery("b:1")], at: reload)
        #expect((steps.start.map(\.id), steps.stop.map(\.id)) == ([2], [1]))
        #expect(addresses(state.snapshot(at: reload + .milliseconds(100)), "a") == ["a:1"])
        #expect(state.due(at: reload + .seconds(1)) == reload + .seconds(5))
        var other = state

        _ = state.take(
            .replaced([group("0", "b:1")]), from: 2, at: reload + .seconds(1), wall: wall)
        #expect(state.due(at: reload + .seconds(1)) == reload + .milliseconds(1_100))
        #expect(addresses(state.snapshot(at: reload + .milliseconds(1_100)), "a") == ["b:1"])

        // One that never speaks holds nothing for ever.
        #expect(addresses(other.snapshot(at: reload + .seconds(5)), "a") == [])
        #expect(other.due(at: reload + .seconds(6)) == nil)
    }

    @Test func `a number is another whenever groups are, also after a job was away`() throws {
        var state = state()
        let config = try discovery("a:1")
        var seen: Set<UInt64> = []
        for round in 0..<5 {
            _ = state.apply(["a": config], at: start)
            _ = state.take(
                .replaced([group("0", "a:\(round)")]), from: round + 1, at: start, wall: wall)
            #expect(seen.insert(try #require(state.snapshot(at: start).versions["a"])).inserted)
            _ = state.apply([:], at: start)
            #expect(state.snapshot(at: start).groups.isEmpty)
        }
    }
}
