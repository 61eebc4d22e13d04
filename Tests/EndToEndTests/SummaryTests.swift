import TestKit
import Testing

/// scripts/summary with test runs that are played by a shell.
struct SummaryTests {
    private static let began =
        "echo '◇ Test quick() started.'; echo '◇ Test slow() started.'; "
        + "echo '✔ Test quick() passed after 0.1 seconds.'; "

    @Test(
        arguments: [
            (began + "echo '✔ Test run with 2 tests in 1 suite passed after 1 seconds.'", 0),
            (
                began + "echo '✘ Test run with 2 tests in 1 suite failed after 1 seconds.'; exit 1",
                1
            ),
            (began + "echo '✘ Test run with 2 tests in 1 suite failed after 1 seconds.'", 1),
            (
                began + "echo '✔ Test run with 2 tests in 1 suite passed after 1 seconds.'; exit 3",
                3
            ),
        ])
    func `the last line is the runner's own`(script: String, status: Int) async throws {
        let outcome = try await summary(script)
        #expect(outcome.status == Int32(status))
        let last = outcome.output.split(separator: "\n").last ?? ""
        #expect(last.contains(" Test run with 2 tests in 1 suite "), "\(outcome.output)")
    }

    @Test(
        arguments: [
            (began + "kill -SEGV $$", 139, "not ended: Test slow()\nThe tests did not come"),
            (began + "exit 0", 1, "not ended: Test slow()\nThe tests did not come"),
            (
                began + "exec sleep 600", 124,
                "not ended: Test slow()\nstopped after 1 s\nThe tests did not come"
            ),
            ("echo 'a.swift:1:1: error: no such thing'; exit 1", 1, "error: no such thing\n"),
        ])
    func `a run without an end names the tests that had begun`(
        script: String, status: Int, sentence: String
    ) async throws {
        let outcome = try await summary(script, limit: script.contains("sleep") ? "1" : "60")
        #expect(outcome.status == Int32(status), "\(outcome.output)")
        #expect(outcome.output.contains(sentence), "\(outcome.output)")
        #expect(!outcome.output.contains("quick()"))
    }

    private func summary(_ script: String, limit: String = "60") async throws
        -> ChildProcess.Outcome
    {
        let folder = try TemporaryFolder("summary")
        let program = "\(Shared.project)/scripts/summary"
        return try await ChildProcess.run(
            ["env", "--chdir=\(folder.path)", program, "sh", "-c", script],
            environment: ["TEST_LIMIT": limit])
    }
}
