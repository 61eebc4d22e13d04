import Glibc
import Model
import Telemetry
import Threads

/// `weir run`: works until it is told to stop.
enum RunCommand {
    static let command = Command(
        "run", "Runs Weir until it is told to stop.", flags: RunFlags.all,
        details: """
            Stops on SIGTERM and SIGINT, and at once on a second one; reads its files again on SIGHUP.
            """
    ) { invocation in
        let log = Log.standardError(
            level: LogLevel(rawValue: invocation.text("log.level")) ?? .info,
            format: LogFormat(rawValue: invocation.text("log.format")) ?? .logfmt)
        log.info("starting", ["version": Version.text])
        warnOfIgnored(invocation, log)
        return try await Application(invocation: invocation, log: log).run()
    }

    /// Says of each flag that does nothing why that is so.
    private static func warnOfIgnored(_ invocation: Invocation, _ log: Log) {
        for flag in invocation.command.flags {
            guard case .ignored(let reason) = flag.meaning, invocation.isGiven(flag.name) else {
                continue
            }
            log.warn("flag ignored", ["flag": "--" + flag.name, "reason": reason])
        }
    }
}
