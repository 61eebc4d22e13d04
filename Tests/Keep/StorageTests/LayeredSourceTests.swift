import Model
import Testing
import Threads

@testable import Storage

struct LayeredSourceTests {
    /// A source of fixed samples of one series, that does something when it is asked.
    private struct Fixed: SeriesSource {
        let samples: @Sendable () -> [Int64: Double]
        var asked: @Sendable () -> Void = {}

        func series(
            matching matchers: [Matcher], in range: ClosedRange<Timestamp>
        ) async throws(SourceError) -> [Series] {
            asked()
            let found = samples().map { Sample(time: Timestamp(milliseconds: $0), value: $1) }
                .filter { range.contains($0.time) }.sorted { $0.time < $1.time }
            return found.isEmpty ? [] : [Series(labels: .of("up"), samples: found)]
        }
    }

    private func range(_ from: Int64, _ to: Int64) -> ClosedRange<Timestamp> {
        Timestamp(milliseconds: from)...Timestamp(milliseconds: to)
    }

    // What the head knows begins a minute later than it is told.
    private let begins = Timestamp(milliseconds: 100 - 60_000)

    @Test(
        arguments: [
            (0, 200, [10: 1, 99: 2, 100: 30, 150: 40]), (0, 50, [10: 1]),
            (100, 200, [100: 30, 150: 40]),
            (99, 99, [99: 2]), (160, 200, [:]),
        ] as [(Int64, Int64, [Int64: Double])])
    func `memory answers for what it knows, the database for the rest`(
        from: Int64, to: Int64, expected: [Int64: Double]
    ) async throws {
        let source = LayeredSource(
            head: Fixed(samples: { [100: 30, 150: 40] }),
            history: Fixed(samples: { [10: 1, 99: 2, 100: 3, 150: 4] }), begins: begins)
        let found = try await source.series(matching: [], in: range(from, to))
        let seen = found.flatMap { zip($0.times.map(\.milliseconds), $0.values) }
        #expect(Dictionary(uniqueKeysWithValues: seen) == expected)
        #expect(
            try await source.labelSets(matching: [], in: range(from, to), limit: nil).count
                == found.count)
    }

    @Test func `labels of memory and database are one answer`() async throws {
        let source = LayeredSource(
            head: Listed(all: [.of("up", ["job": "a"]), .of("new", ["zone": "x"])]),
            history: Listed(all: [.of("up", ["job": "a"]), .of("old", ["job": "\u{e9}"])]),
            begins: begins)
        let all = range(0, 200)
        func values(_ name: String, _ limit: Int?) async throws -> [String] {
            try await source.labelValues(of: name, matching: [], in: all, limit: limit)
        }
        #expect(try await values("__name__", nil) == ["new", "old", "up"])
        #expect(try await values("__name__", 2) == ["new", "old"])
        #expect(try await values("job", nil) == ["a", "\u{e9}"])
        let names = try await source.labelNames(matching: [], in: all, limit: nil)
        #expect(names == ["__name__", "job", "zone"])
        #expect(try await source.labelSets(matching: [], in: all, limit: nil).count == 3)
        #expect(try await source.labelSets(matching: [], in: all, limit: 2).count == 2)
        // Memory knows all of this.
        #expect(
            try await source.labelSets(matching: [], in: range(100, 200), limit: nil).count == 2)
    }

    private struct Listed: SeriesSource {
        let all: [Labels]
        func series(
            matching matchers: [Matcher], in range: ClosedRange<Timestamp>
        ) async throws(SourceError) -> [Series] { all.map { Series(labels: $0, samples: []) } }
    }

    @Test func `what leaves memory while it is asked is asked of the database`() async throws {
        let forget = Locked<LayeredSource?>(nil)
        let asked = Locked(0)
        let source = LayeredSource(
            head: Fixed(
                samples: { asked.withLock { $0 } < 2 ? [150: 40] : [180: 50] },
                asked: {
                    let turn = asked.withLock { (count: inout sending Int) in
                        count += 1
                        return count
                    }
                    // Sealed and dropped after the database was asked.
                    guard turn == 1 else { return }
                    forget.withLock { $0?.headForgot(before: Timestamp(milliseconds: 170)) }
                }),
            history: Fixed(samples: { [10: 1, 150: 4] }), begins: begins)
        forget.withLock { $0 = source }
        let found = try await source.series(matching: [], in: range(0, 200))
        #expect(found.first?.times.map(\.milliseconds) == [10, 150, 180])
        forget.withLock { $0 = nil }
    }

    @Test func `a database that others write to is asked for everything`() async throws {
        let source = LayeredSource(
            head: Fixed(samples: { [150: 40] }), history: Fixed(samples: { [150: 4, 160: 5] }),
            begins: begins, isShared: true)
        let found = try await source.series(matching: [], in: range(100, 200))
        #expect(found.first?.values == [40, 5])
    }
}
