import Processes
import TestKit
import Testing

/// What a user sees of `weir check promql`.
struct CheckPromQLTests {
    private let good = """
        load 1m
          up{job="a"} 1 2 3

        eval instant at 2m up
          up{job="a"} 3

        eval range from 0 to 2m step 1m sum(up) * 2
          {} 2 4 6
        """

    @Test func `the last line counts evals, and the exit code tells of failures`() async throws {
        let folder = try TemporaryFolder()
        let first = try folder.write(good, to: "good.test")
        let second = try folder.write(good.replacingLast("6", with: "7"), to: "bad.test")
        let passed = try await check([first])
        #expect(passed.status == 0)
        #expect(passed.output == "2 passed, 0 failed\n")
        #expect(passed.errors == "")
        let failed = try await check([first, second])
        #expect(failed.status == 1)
        #expect(failed.output == "3 passed, 1 failed\n")
        #expect(
            failed.errors
                == "\(second):7: sum(up) * 2: expected 7 for {} at 120000 ms, got 6\n")
    }

    @Test func `a script that cannot be read fails and says where`() async throws {
        let folder = try TemporaryFolder()
        let script = try folder.write("load 1m\n  up{ 1\n", to: "broken.test")
        let outcome = try await check([script])
        #expect(outcome.status == 1)
        #expect(outcome.output == "0 passed, 0 failed\n")
        #expect(outcome.errors.hasPrefix("\(script):2: cannot read the series"))
        let missing = try await check([folder.file("none.test")])
        #expect(missing.status != 0)
        #expect(missing.errors.contains("cannot read \(folder.file("none.test"))"))
    }

    /// In a process of its own: it reckons for half a minute, and others wait for answers meanwhile.
    @Test func `every script of Prometheus passes`() async throws {
        guard let folder = Shared.folder("promqltest") else { return }
        let scripts = Files.names(in: folder).filter { $0.hasSuffix(".test") }
        try #require(!scripts.isEmpty)
        let outcome = try await check(scripts.map { "\(folder)/\($0)" })
        #expect(outcome.status == 0)
        #expect(outcome.output.hasSuffix(" passed, 0 failed\n"), "\(outcome.output)")
        #expect(outcome.errors == "")
    }

    private func check(_ files: [String]) async throws -> ChildProcess.Outcome {
        try await ChildProcess.run([Built.weir, "check", "promql"] + files)
    }
}

extension String {
    /// The same with another text instead of the last `text`.
    fileprivate func replacingLast(_ text: Character, with other: String) -> String {
        guard let place = lastIndex(of: text) else { return self }
        return self[..<place] + other + self[index(after: place)...]
    }
}
