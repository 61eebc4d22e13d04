import Glibc

/// The program: reads the command line, and ends with the command's exit code.
@main
enum Main {
    static func main() async {
        guard let name = CommandLine.arguments.first, !name.isEmpty else {
            // Without this, every command would be taken for `weir run`.
            Terminal.complain("weir: cannot read its own command line; is /proc mounted?")
            exit(ExitCode.failure.rawValue)
        }
        // A reader that went away must end a write with an error, not the process.
        _ = signal(SIGPIPE, SIG_IGN)
        exit(await run(Array(CommandLine.arguments.dropFirst())).rawValue)
    }

    @concurrent
    static func run(_ words: [String]) async -> ExitCode {
        do {
            let arguments = Arguments(commands: Commands.all, fallback: RunCommand.command)
            switch try arguments.read(versionFirst(words)) {
            case .help(let command?, let isLong):
                Terminal.write(Help.page(for: command, isLong: isLong))
                return .success
            case .help(nil, _):
                Terminal.write(Help.overview(of: Commands.all))
                return .success
            case .run(let invocation):
                return try await invocation.command.run(invocation)
            }
        } catch let error as UsageError {
            Terminal.complain("weir: \(error)")
            return .usage
        } catch let code as ExitCode {
            return code
        } catch {
            Terminal.complain("weir: \(error)")
            return .failure
        }
    }

    /// `--version` alone is a command, as everywhere.
    private static func versionFirst(_ words: [String]) -> [String] {
        words.first == "--version" ? ["version"] + words.dropFirst() : words
    }
}
