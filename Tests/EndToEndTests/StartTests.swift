import TestKit
import Testing

/// The program as one file that starts at once.
struct StartTests {
    @Test func `the first log line comes at once`() async throws {
        // The bar is 50 ms for the release build on a machine with nothing else to do; this bound
        // catches work that slipped before the first line.
        var fastest = Duration.seconds(60)
        let data = try DataFolder()
        for _ in 0..<5 {
            let clock = ContinuousClock()
            let begin = clock.now
            let weir = try await ChildProcess.start(
                [
                    Built.weir, "run", "--web.listen-address=127.0.0.1:0",
                    "--storage.tsdb.path=\(data.path)",
                ])
            let isStarted = try await eventually { weir.errors.contains("msg=starting") }
            fastest = min(fastest, clock.now - begin)
            #expect(isStarted, "\(weir.errors)")
            await weir.stop()
        }
        #expect(fastest < .seconds(2))
    }

    @Test func `Foundation is not linked`() async throws {
        let libraries = try await ChildProcess.run(["ldd", Built.weir]).output
        #expect(libraries.contains("libc.so.6"))
        #expect(!libraries.contains("Foundation"), "\(libraries)")
        #expect(!libraries.contains("not found"), "\(libraries)")
    }
}
