import CSystem
import Glibc
import Threads

/// A program that a test runs beside itself; the kernel kills it when the tests die.
public final class ChildProcess: Sendable {
    /// How a program ended, and what it said.
    public struct Outcome: Sendable {
        /// Its exit code; 128 and the signal's number where a signal ended it.
        public let status: Int32
        /// All of its standard output.
        public let output: String
        /// All of its standard error.
        public let errors: String
    }

    /// Its process id.
    public let pid: Int32
    private let folder: TemporaryFolder
    private let ended = Locked(Ending())

    private struct Ending {
        var status: Int32?
        var waiting: [CheckedContinuation<Int32, Never>] = []
    }

    /// Starts `command`, found in the search path.
    ///
    /// `environment` adds to the tests' own; `user` is whom it runs as where the tests run as root.
    public static func start(
        _ command: [String], environment: [String: String] = [:], user: String? = nil
    ) async throws -> ChildProcess {
        try await Spawner.shared.start(command, environment: environment, user: user)
    }

    /// Runs `command` to its end.
    public static func run(
        _ command: [String], environment: [String: String] = [:], user: String? = nil
    ) async throws -> Outcome {
        let child = try await start(command, environment: environment, user: user)
        return await child.outcome()
    }

    fileprivate init(pid: Int32, folder: TemporaryFolder) {
        self.pid = pid
        self.folder = folder
        let ended = ended
        WorkerThread.detached(name: "test-wait") {
            var state: Int32 = 0
            while waitpid(pid, &state, 0) < 0 && errno == EINTR {}
            let signal = state & 0x7f
            let status = signal == 0 ? (state >> 8) & 0xff : 128 + signal
            let waiting = ended.withLock { ending in
                ending.status = status
                defer { ending.waiting = [] }
                return ending.waiting
            }
            for one in waiting { one.resume(returning: status) }
        }
    }

    deinit { if isRunning { kill(pid, SIGKILL) } }

    /// Whether it has not ended yet.
    public var isRunning: Bool { ended.withLock { $0.status == nil } }

    /// What it has written to its standard output so far.
    public var output: String { contents(of: folder.file("output")) }

    /// What it has written to its standard error so far.
    public var errors: String { contents(of: folder.file("errors")) }

    /// Sends it a signal.
    public func send(_ signal: Int32) { if isRunning { kill(pid, signal) } }

    /// Waits for its end.
    public func outcome() async -> Outcome {
        let status = await withCheckedContinuation { continuation in
            let known: Int32? = ended.withLock { ending in
                if ending.status == nil { ending.waiting.append(continuation) }
                return ending.status
            }
            if let known { continuation.resume(returning: known) }
        }
        return Outcome(status: status, output: output, errors: errors)
    }

    /// Asks it to stop, and waits for its end.
    @discardableResult
    public func stop(_ signal: Int32 = 15) async -> Outcome {
        send(signal)
        return await outcome()
    }

    private func contents(of path: String) -> String {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return "" }
        defer { close(file) }
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = read(file, &piece, piece.count)
            guard count > 0 else { return String(decoding: bytes, as: UTF8.self) }
            bytes += piece[..<count]
        }
    }
}

/// Starts programs from one thread that never ends: the kernel's watch over a child ends with the
/// thread that started it, not with the process.
private actor Spawner {
    static let shared = Spawner()
    private let thread = ThreadExecutor(name: "test-spawn")
    nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    func start(
        _ command: [String], environment: [String: String], user: String?
    ) throws -> ChildProcess {
        let folder = try TemporaryFolder("process")
        var words = ["setpriv", "--pdeathsig", "KILL"]
        if let user, geteuid() == 0 {
            words += ["--reuid=\(user)", "--regid=\(user)", "--clear-groups"]
        }
        words += ["--"] + command
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        let flags = O_WRONLY | O_CREAT | O_TRUNC
        posix_spawn_file_actions_addopen(&actions, 1, folder.file("output"), flags, 0o600)
        posix_spawn_file_actions_addopen(&actions, 2, folder.file("errors"), flags, 0o600)
        var pid: Int32 = 0
        // This thread blocks signals, as all threads of the pool do; a program that inherited that
        // could not be stopped.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
        var arguments = words.map { strdup($0) } + [nil]
        var variables = Self.variables(environment).map { strdup($0) } + [nil]
        defer { for text in arguments + variables { free(text) } }
        let code = posix_spawnp(&pid, "setpriv", &actions, &attributes, &arguments, &variables)
        guard code == 0 else {
            errno = code
            throw SystemError("run", path: words.joined(separator: " "))
        }
        return ChildProcess(pid: pid, folder: folder)
    }

    private static func variables(_ more: [String: String]) -> [String] {
        var all: [String] = []
        var next = environ
        while let text = next.pointee {
            let line = String(cString: text)
            if more[String(line.prefix { $0 != "=" })] == nil { all.append(line) }
            next += 1
        }
        return all + more.map { "\($0.key)=\($0.value)" }
    }
}
