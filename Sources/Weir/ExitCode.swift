/// What the exit code tells a script; the same numbers as promtool's.
enum ExitCode: Int32, Error {
    /// All is well.
    case success = 0
    /// Something is wrong with what was checked, asked or started.
    case failure = 1
    /// The command line itself was not understood.
    case usage = 2
    /// Only lints were found, and `--lint-fatal` or its like makes them count.
    case lint = 3
}
