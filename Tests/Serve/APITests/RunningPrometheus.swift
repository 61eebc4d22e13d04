import TestKit
import Testing

/// A real Prometheus beside the tests, with fixed samples in its blocks; ended with the value.
final class RunningPrometheus: Sendable {
    /// `http://127.0.0.1:…`
    let base: String
    private let process: ChildProcess
    private let folder: TemporaryFolder

    /// Starts one that holds the samples of `openMetrics`, with more flags.
    init(openMetrics: String? = nil, config: String = "global: {}\n", _ words: [String] = [])
        async throws
    {
        let folder = try TemporaryFolder("prometheus")
        let data = folder.file("data")
        if let openMetrics {
            let file = try folder.write(openMetrics, to: "samples.om")
            let made = try await ChildProcess.run([
                "promtool", "tsdb", "create-blocks-from", "openmetrics", file, data,
            ])
            try #require(made.status == 0, "\(made.output)\(made.errors)")
        }
        let file = try folder.write(config, to: "prometheus.yml")
        let port = try FreePort.tcp()
        let process = try await ChildProcess.start(
            [
                "prometheus", "--config.file=\(file)", "--storage.tsdb.path=\(data)",
                "--storage.tsdb.retention.time=100y", "--web.listen-address=127.0.0.1:\(port)",
            ] + words)
        let base = "http://127.0.0.1:\(port)"
        let isReady = try await eventually {
            // Not listening yet.
            (try? await HTTPAnswer.of(base + "/-/ready").status) == 200
        }
        try #require(isReady, "\(process.errors)")
        (self.base, self.process, self.folder) = (base, process, folder)
    }

    /// Stops it.
    func stop() async { await process.stop() }
}
