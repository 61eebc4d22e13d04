import PrivatePostgres
import Telemetry

/// Does with the private database what `weir run` does, so that tests have something to kill.
@main
enum PrivateClusterHost {
    static func main() async throws {
        let log = Log.standardError(level: .info, format: .logfmt)
        let cluster = try PrivateCluster(CommandLine.arguments[1], log: log)
        try await cluster.start()
        await cluster.watch()
    }
}
