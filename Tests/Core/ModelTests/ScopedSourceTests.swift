import Model
import Testing
import Threads

/// A source of fixed series that notes what it was asked.
private final class FixedSource: SeriesSource {
    let all: [Series]
    let asked = Locked<[[Matcher]]>([])
    /// Whether it forgets the matchers, as a faulty source might.
    let isFaulty: Bool

    init(_ labels: [Labels], isFaulty: Bool = false) {
        all = labels.map { Series(labels: $0, samples: [Sample(time: .distantPast, value: 1)]) }
        self.isFaulty = isFaulty
    }

    func series(
        matching matchers: [Matcher], in range: ClosedRange<Timestamp>
    ) async throws(SourceError) -> [Series] {
        asked.withLock { $0.append(matchers) }
        return all.filter { isFaulty || matchers.accept($0.labels) }
    }
}

struct ScopedSourceTests {
    private let all: [Labels] = [
        ["__name__": "up", "tenant": "a"], ["__name__": "up", "tenant": "b"], ["__name__": "up"],
    ]
    private let ever = Timestamp.distantPast...Timestamp.distantFuture

    @Test(
        arguments: [
            ([], [#"{__name__="up", tenant="a"}"#]),
            ([#"{tenant="b"}"#], []),
            ([#"{tenant=~".*"}"#], [#"{__name__="up", tenant="a"}"#]),
            ([#"{tenant=""}"#], []),
        ] as [([String], [String])])
    func `whatever is asked, only the scope is seen`(asked: [String], seen: [String]) async throws {
        let source = FixedSource(all)
        let matchers = try asked.flatMap { try Selector($0).matchers }
        let scoped = ScopedSource(source, only: [Matcher("tenant", equals: "a")])
        let found = try await scoped.series(matching: matchers, in: ever)
        #expect(found.map { "\($0.labels)" } == seen)
        #expect(source.asked.withLock { $0 } == [[Matcher("tenant", equals: "a")] + matchers])
    }

    @Test func `a source that forgets the matchers shows nothing more`() async throws {
        let source = FixedSource(all, isFaulty: true)
        let scoped = ScopedSource(source, only: [Matcher("tenant", equals: "a")])
        #expect(try await scoped.series(matching: [], in: ever).map(\.labels) == [all[0]])
    }

    @Test func `without a scope all is seen, and a scope can only grow narrower`() async throws {
        let source = FixedSource(all)
        let whole = ScopedSource(source, only: [])
        #expect(try await whole.series(matching: [], in: ever).count == 3)
        let narrow = whole.narrowed(to: [Matcher("tenant", equals: "a")])
            .narrowed(to: [Matcher("tenant", equals: "b")])
        #expect(try await narrow.series(matching: [], in: ever).isEmpty)
    }
}
