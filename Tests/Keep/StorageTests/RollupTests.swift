import Head
import Model
import Postgres
import Telemetry
import TestKit
import Testing
import Threads

@testable import Storage

struct RollupTests {
    private let start = SealerTests.start
    private var all: ClosedRange<Timestamp> {
        Timestamp(milliseconds: 0)...Timestamp(milliseconds: start * 2)
    }

    private struct Said {
        var times: [Int64] = []
        var values: [Double] = []

        /// What was said within some hours before `end`.
        func near(_ end: Int64) -> Said {
            let first = times.firstIndex { $0 >= end - 18_000_000 } ?? times.count
            return Said(
                times: Array(times[first...].prefix(60)), values: Array(values[first...].prefix(60))
            )
        }

        /// The same reckoned plainly.
        func rolled(_ kind: RollupKind, _ step: Int64, at end: Int64) -> Double? {
            let all = zip(times, values).filter { !$1.isStaleMarker }
            let some = all.filter { $0.0 >= end - step && $0.0 < end }
            guard let first = some.first, let last = some.last else { return nil }
            let values = some.map(\.1)
            let ordinary = values.filter { !$0.isNaN }
            switch kind {
            case .count: return Double(some.count)
            case .min: return ordinary.min() ?? .nan
            case .max: return ordinary.max() ?? .nan
            case .sum: return values.reduce(0, +)
            case .first: return first.1
            case .last: return last.1
            case .increase:
                var sum = 0.0
                for (before, after) in zip(all, all.dropFirst())
                where after.0 >= end - step && after.0 < end && after.0 - before.0 <= 3_600_000 {
                    sum += after.1 < before.1 ? after.1 : after.1 - before.1
                }
                return sum
            }
        }
    }

    @Test(arguments: RollupKind.allCases)
    func `each value of a bucket is what its samples say, gaps, resets and markers or not`(
        kind: RollupKind
    ) {
        var random = SeededRandom(seed: 5)
        for round in 0..<10 {
            var said = Said()
            var time = start - 7_000_000
            while time < start + 20_000_000 {
                time += Int64(random.next() % (round % 3 == 0 ? 4_000_000 : 90_000)) + 1
                said.times.append(time)
                let value = random.next() % 20
                said.values.append(
                    value == 0
                        ? StaleMarker.value
                        : value == 1 && round % 5 == 0
                            ? .nan
                            : Double(random.next() % 1000))
            }
            let step: Int64 = round % 2 == 0 ? 300_000 : 3_600_000
            let count = Int(18_000_000 / step)
            let columns = RollupColumns(
                said.times.map(Timestamp.init(milliseconds:)), said.values, from: start, step: step,
                buckets: count)
            for bucket in 0..<count {
                let expected = said.rolled(kind, step, at: start + Int64(bucket + 1) * step)
                let seen = columns[kind][bucket]
                #expect(seen.isAbsent == (expected == nil))
                if let expected, !(expected.isNaN && seen.isNaN) {
                    #expect(seen == expected, "round \(round), bucket \(bucket)")
                }
            }
            let derived = RollupColumns(
                Dictionary(uniqueKeysWithValues: columns.needed.map { ($0, columns[$0]) }))
            #expect(bits(derived[kind]) == bits(columns[kind]))
        }
    }

    private func store(_ place: Place, _ now: Locked<Int64>) throws -> Store {
        var options = StoreOptions()
        options.retention = .days(2)
        options.rollups = [
            RollupRule(
                try Selector(#"{name=~"a|b"}"#), every: [.minutes(5), .hours(1), .seconds(7)],
                keep: .days(5))
        ]
        return Store(
            pool: place.pool, options: options, registry: MetricRegistry(), log: .silent,
            now: { Timestamp(milliseconds: now.withLock { $0 }) })
    }

    /// What the store should say of rollups, by name and time.
    private func expect(
        _ store: Store, _ said: [String: Said], from first: Int64, until last: Int64,
        _ kind: RollupKind, _ step: TimeSpan, _ note: String
    ) async throws {
        let asked = Matcher("__rollup__", equals: kind.name(of: step))
        let found = try await store.series(matching: [asked], in: all)
        #expect(found.count == 2, "\(note)")
        for series in found {
            let name = series.labels["name"]
            #expect(series.labels["__rollup__"] == kind.name(of: step))
            let model = try #require(said[name])
            var expected: [Int64: Double] = [:]
            var end = first
            while end <= last {
                end += step.milliseconds
                guard end <= last else { break }
                // What is near enough to matter, so that this takes no minute.
                expected[end] = model.near(end).rolled(kind, step.milliseconds, at: end)
            }
            let seen = Dictionary(
                uniqueKeysWithValues: zip(series.times.map(\.milliseconds), series.values))
            #expect(seen == expected, "\(note), \(name) \(kind)")
        }
    }

    @Test func `rollups outlive their samples, and reach up to now`() async throws {
        let place = try await Place()
        let now = Locked(start)
        let store = try store(place, now)
        let running = Task { await store.writer.run() }
        defer { running.cancel() }
        let clock = try await store.open(
            ClockKey(kind: .scrape, name: "job", place: "x"), interval: nil)
        var said: [String: Said] = ["a": Said(), "b": Said()]
        var random = SeededRandom(seed: 1)
        // Four days and a half, a tick every seven minutes and a bit.
        while now.withLock({ $0 }) < start + 388_800_000 {
            let time = now.withLock {
                $0 += 432_100
                return $0
            }
            var batch = SampleBatch(time: Timestamp(milliseconds: time))
            for (number, name) in ["a", "b", "c"].enumerated() {
                let number = UInt32(number)
                batch.newSeries.append(
                    NewSeries(number: number, labels: .of("m", ["name": name])))
                let value = name == "a" ? 4 : Double(random.next() % 100)
                batch.series.append(number)
                batch.values.append(value)
                said[name]?.times.append(time)
                said[name]?.values.append(value)
            }
            try clock.append(batch)
            if time % 86_400_000 < 432_100 {
                try await store.settle()
                try await store.tidy()
            }
        }
        try await store.settle()
        now.withLock { $0 += 7_200_000 }
        try await store.tidy()
        let time = now.withLock { $0 }
        let raw = try await store.series(matching: [Matcher("name", equals: "b")], in: all)
        #expect(try #require(raw.first?.times.first?.milliseconds) > start + 86_400_000)
        try await expect(store, said, from: start, until: time, .max, .minutes(5), "all")
        for kind in RollupKind.allCases {
            try await expect(store, said, from: start, until: time, kind, .hours(1), "all")
        }
        // Nobody who does not ask sees them, and who asks for none gets none.
        #expect(try await store.labelSets(matching: [], in: all, limit: nil).count == 3)
        let none = [Matcher("__rollup__", equals: "7s:max")]
        #expect(try await store.series(matching: none, in: all).isEmpty)
        let some = [try Matcher("__rollup__", .matches, ".*:(min|max)")]
        #expect(try await store.labelSets(matching: some, in: all, limit: nil).count == 8)
        // SQL says the same of what is made.
        let expected = try #require(said["b"]?.rolled(.sum, 3_600_000, at: start + 7_200_000))
        let seen = try await place.sql(
            """
            SELECT count, sum, every FROM weir.rollup
            WHERE metric = 'm' AND labels ->> 'name' = 'b' AND every = '1 hour'
                AND time = to_timestamp(\(start / 1000 + 7200))
            """)
        #expect(seen == "8|\(Int(expected))|01:00:00")
        let constant = try await place.sql(
            """
            SELECT DISTINCT min, max, sum / count, first, last, increase FROM weir.rollup
            WHERE labels ->> 'name' = 'a' AND every = '5 minutes'
            """)
        #expect(constant == "4|4|4|4|4|0")
        try await eraseAndForget(store, said, now, place)
    }

    /// Erasing takes buckets that reach into the range, and time takes the oldest days.
    private func eraseAndForget(
        _ store: Store, _ said: [String: Said], _ now: Locked<Int64>, _ place: Place
    ) async throws {
        let hour: Int64 = 3_600_000
        let range =
            Timestamp(
                milliseconds: start + 5 * hour)...Timestamp(
                milliseconds: start + 7 * hour - 1)
        _ = try await store.erase(matching: [Matcher("name", equals: "b")], in: range)
        let asked = [Matcher("__rollup__", equals: "1h:max"), Matcher("name", equals: "b")]
        let found = try await store.series(matching: asked, in: all)
        let times = try #require(found.first?.times.map(\.milliseconds))
        #expect(times.prefix(6).map { ($0 - start) / hour } == [1, 2, 3, 4, 5, 8])
        now.withLock { $0 = start + 86_400_000 * 12 }
        try await store.tidy()
        #expect(try await store.series(matching: asked, in: all).isEmpty)
        #expect(try await place.sql("SELECT count(*) FROM weir_data.rollup") == "0")
        #expect(try await place.sql("SELECT count(*) FROM weir_data.series") == "3")
    }
}
