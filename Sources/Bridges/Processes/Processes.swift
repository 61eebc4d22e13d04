// Processes: other programs: started, watched, signalled, waited for.
// Start at `Command`; `RunningProcess` is one that runs, our child or somebody else's.
// Imports: CSystem, Threads.

/// A program that could not be started or looked up.
public enum ProcessError: Error, Equatable, Sendable {
    /// A call of the kernel failed.
    case system(call: String, subject: String, code: Int32)
    /// The program ran longer than it may, and was killed.
    case tookTooLong(program: String, limit: Duration)
    /// There is no such user on this machine.
    case noSuchUser(String)
}

extension ProcessError: CustomStringConvertible {
    /// The sentence for a log line or a terminal.
    public var description: String {
        switch self {
        case .system(let call, let subject, let code):
            "cannot \(call) \(subject): \(reason(of: code))"
        case .tookTooLong(let program, let limit):
            "\(program) did not end within \(limit.components.seconds) s and was killed"
        case .noSuchUser(let name):
            "there is no user \(name) on this machine; create it with: useradd --system \(name)"
        }
    }
}
