import CSystem
import Glibc
import Threads

/// A program and how to start it.
public struct Command: Sendable {
    /// Where what the program says goes, standard output and standard error alike.
    public enum Output: Sendable {
        /// Where this process says what it says.
        case inherited
        /// Nowhere.
        case dropped
        /// To the end of a file, which is made if need be.
        case file(String)
    }

    /// The program's absolute path.
    public var path: String
    /// What follows the program's name.
    public var arguments: [String]
    /// `NAME=value` pairs, the program's whole environment; `nil` hands on this process's own.
    public var environment: [String]?
    /// Where it runs; `nil` for where this process runs.
    public var folder: String?
    /// Who it runs as, if not as this process; only root may choose.
    public var user: UserIdentity?
    /// Where its words go.
    public var output = Output.dropped
    /// Whether it is cut off from this process's terminal, so that Ctrl-C does not reach it.
    public var isSession = false

    /// A program with its arguments; its output is dropped.
    public init(
        _ path: String, _ arguments: [String], folder: String? = nil, user: UserIdentity? = nil
    ) {
        self.path = path
        self.arguments = arguments
        self.folder = folder
        self.user = user
    }

    /// Starts the program and lets it run.
    public func start() throws(ProcessError) -> RunningProcess {
        let sink: Int32
        switch output {
        case .inherited: sink = dup(2)
        case .dropped: sink = open("/dev/null", O_WRONLY | O_CLOEXEC)
        case .file(let path): sink = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o640)
        }
        guard sink >= 0 else {
            throw .system(call: "open the output of", subject: path, code: errno)
        }
        defer { close(sink) }
        return try spawn(output: sink)
    }

    /// Runs the program to its end; gives its exit status and all that it said.
    ///
    /// After `limit` it is killed. If the task is cancelled it is killed as well.
    public func run(limit: Duration) async throws(ProcessError) -> (
        status: ExitStatus, output: String
    ) {
        var ends: [Int32] = [0, 0]
        guard pipe2(&ends, O_CLOEXEC) == 0 else {
            throw .system(call: "open a pipe for", subject: path, code: errno)
        }
        let (reading, writing) = (ends[0], ends[1])
        let process: RunningProcess
        do throws(ProcessError) {
            process = try spawn(output: writing)
            close(writing)
        } catch {
            close(reading)
            close(writing)
            throw error
        }
        let output = PipeReader(reading)
        let ended = await process.wait(for: limit)
        if ended == nil { process.signal(.kill) }
        let status = await process.wait()
        let text = await output.text()
        if ended == nil && !Task.isCancelled { throw .tookTooLong(program: path, limit: limit) }
        return (status, text)
    }

    /// Runs the program in this process's place at the terminal, to its end.
    ///
    /// Ctrl-C is the program's alone while it runs.
    public func runAtTerminal() async throws(ProcessError) -> ExitStatus {
        let earlier = signal(SIGINT, SIG_IGN)
        defer { signal(SIGINT, earlier) }
        let process = try spawn(input: 0, output: -1)
        return await process.wait()
    }

    /// This process's environment, as `NAME=value`.
    public static var ownEnvironment: [String] {
        var pairs: [String] = []
        var entry = environ
        while let pair = entry.pointee {
            pairs.append(String(cString: pair))
            entry += 1
        }
        return pairs
    }

    private func spawn(output: Int32) throws(ProcessError) -> RunningProcess {
        let nothing = open("/dev/null", O_RDONLY | O_CLOEXEC)
        defer { close(nothing) }
        return try spawn(input: nothing, output: output)
    }

    private func spawn(input: Int32, output: Int32) throws(ProcessError) -> RunningProcess {
        let texts = ([path] + arguments).map { strdup($0) } + [nil]
        let settings = (environment ?? Self.ownEnvironment).map { strdup($0) } + [nil]
        defer { (texts + settings).forEach { free($0) } }
        var pid: pid_t = 0
        let code = weir_spawn(
            &pid, path, texts, settings, folder, user?.user ?? .max,
            user?.group ?? 0, input, output, isSession ? 1 : 0)
        guard code == 0 else { throw .system(call: "start", subject: path, code: code) }
        return try RunningProcess(child: pid, program: path)
    }
}

/// Takes what comes out of a pipe, on a thread of its own, until the last writer is gone.
private final class PipeReader: Sendable {
    private struct State {
        var bytes: [UInt8] = []
        var isAtEnd = false
        var reader: CheckedContinuation<Void, Never>?
    }

    private let state = Locked(State())

    /// What is kept of a program that says too much: the end, since errors come last.
    private static let limitBytes = 1 << 20

    init(_ descriptor: Int32) {
        _ = WorkerThread(name: "weir-pipe") { [self] in
            var buffer = [UInt8](repeating: 0, count: 16384)
            while true {
                let count = read(descriptor, &buffer, buffer.count)
                if count < 0 && errno == EINTR { continue }
                if count <= 0 { break }
                let piece = buffer[..<count]
                state.withLock { state in
                    state.bytes += piece
                    let surplus = state.bytes.count - Self.limitBytes
                    if surplus > 0 { state.bytes.removeFirst(surplus) }
                }
            }
            close(descriptor)
            let waiting = state.withLock { state in
                state.isAtEnd = true
                return state.reader.take()
            }
            waiting?.resume()
        }
    }

    func text() async -> String {
        await withCheckedContinuation { turn in
            let isAtEnd = state.withLock { state in
                if !state.isAtEnd { state.reader = turn }
                return state.isAtEnd
            }
            if isAtEnd { turn.resume() }
        }
        return state.withLock { String(decoding: $0.bytes, as: UTF8.self) }
    }
}
