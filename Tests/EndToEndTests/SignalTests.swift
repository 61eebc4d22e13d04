import Glibc
import TestKit
import Testing

@Suite(.serialized)
struct SignalTests {
    private func started(_ words: String...) async throws -> ChildProcess {
        let data = try await DataFolder.shared
        let child = try await ChildProcess.start(
            [
                Built.weir, "run", "--web.listen-address=127.0.0.1:0",
                "--storage.tsdb.path=\(data.path)",
            ] + words)
        let isReady = try await eventually { child.errors.contains("ready") }
        #expect(isReady, "\(child.errors)")
        return child
    }

    @Test(arguments: [(SIGTERM, "SIGTERM"), (SIGINT, "SIGINT")])
    func `a signal stops Weir in good order`(signal: Int32, name: String) async throws {
        let outcome = try await started().stop(signal)
        #expect(outcome.status == 0)
        #expect(outcome.errors.contains("msg=stopping signal=\(name)"))
        #expect(outcome.errors.hasSuffix("msg=stopped\n"))
    }

    @Test func `a flag of Prometheus without a meaning here is said and ignored`() async throws {
        let weir = try await started("--web.console.templates=x", "--log.format=json")
        let errors = await weir.stop().errors
        #expect(errors.contains(#""flag":"--web.console.templates""#))
        #expect(errors.contains(#""reason":"Weir has no console templates""#))
    }
}
