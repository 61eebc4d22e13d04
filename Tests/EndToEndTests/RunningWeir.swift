import TestKit
import Testing

/// A Weir that listens on a port of its own, ended with the value.
final class RunningWeir: Sendable {
    let process: ChildProcess
    /// Host and port.
    let address: String
    /// What it keeps beside a database lies here, and goes with the value.
    private let data: TemporaryFolder

    /// Starts `weir run` with `words`, in place of its listen address one that the system chose.
    init(_ words: [String], host: String = "127.0.0.1") async throws {
        data = try TemporaryFolder("running")
        let process = try await ChildProcess.start(
            [
                Built.weir, "run", "--web.listen-address=\(host):0",
                "--storage.tsdb.path=\(data.path)",
            ] + words,
            // A database that is away: Weir starts without it, at once.
            environment: ["WEIR_DATABASE": "postgresql:///weir?host=/nonexistent"])
        let isReady = try await eventually {
            process.errors.contains("msg=ready") || !process.isRunning
        }
        self.process = process
        let line = process.errors.split(separator: "\n").first { $0.contains("msg=listening") }
        let field = line?.split(separator: " ").first { $0.hasPrefix("address=") }
        address = field.map { String($0.dropFirst("address=".utf8.count)) } ?? ""
        try #require(isReady && !address.isEmpty, "\(process.errors)")
    }

    /// What curl prints for `path`: the body, and behind it the status in brackets.
    func get(_ path: String, scheme: String = "http", _ words: [String] = []) async throws -> String
    {
        let outcome = try await ChildProcess.run(
            ["curl", "-sS", "--max-time", "20", "-w", "[%{http_code}]"] + words
                + ["\(scheme)://\(address)\(path)"])
        return outcome.output + outcome.errors
    }
}
