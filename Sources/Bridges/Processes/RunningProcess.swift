import CSystem
import Glibc
import Threads

/// How a process ended.
public enum ExitStatus: Equatable, Sendable {
    /// It returned a code; 0 says that all went well.
    case code(Int32)
    /// A signal killed it.
    case signal(Int32)
    /// It was not our child, so nobody told.
    case unknown

    /// Whether it returned 0.
    public var isSuccess: Bool { self == .code(0) }
}

extension ExitStatus: CustomStringConvertible {
    /// `exit code 1`, `signal 9`.
    public var description: String {
        switch self {
        case .code(let code): "exit code \(code)"
        case .signal(let number): "signal \(number)"
        case .unknown: "unknown"
        }
    }
}

/// A process that runs or ran, known by a descriptor and not only by a number that the kernel
/// may give to another.
public final class RunningProcess: Sendable {
    /// A signal by what it means.
    public enum Signal: Sendable {
        /// SIGTERM.
        case terminate
        /// SIGINT.
        case interrupt
        /// SIGHUP.
        case hangUp
        /// SIGQUIT.
        case quit
        /// SIGKILL.
        case kill
        /// SIGSTOP.
        case freeze
        /// SIGCONT.
        case thaw

        var number: Int32 {
            switch self {
            case .terminate: SIGTERM
            case .interrupt: SIGINT
            case .hangUp: SIGHUP
            case .quit: SIGQUIT
            case .kill: SIGKILL
            case .freeze: SIGSTOP
            case .thaw: SIGCONT
            }
        }
    }

    private struct State {
        var status: ExitStatus?
        var waiting: [UInt64: CheckedContinuation<ExitStatus?, Never>] = [:]
        var lastWaiter: UInt64 = 0
    }

    /// The kernel's number for it.
    public let pid: Int32
    private let descriptor: Int32
    private let state = Locked(State())

    init(child pid: Int32, program: String) throws(ProcessError) {
        self.pid = pid
        descriptor = pidfd_open(pid, 0)
        guard descriptor >= 0 else {
            throw .system(call: "watch", subject: program, code: errno)
        }
        watch(isChild: true)
    }

    /// A process that somebody else started; `nil` if there is none with this number.
    public init?(pid: Int32) {
        let descriptor = pidfd_open(pid, 0)
        guard descriptor >= 0 else { return nil }
        self.pid = pid
        self.descriptor = descriptor
        watch(isChild: false)
    }

    deinit { close(descriptor) }

    /// How it ended, or `nil` while it runs.
    public var status: ExitStatus? { state.withLock { $0.status } }

    /// Sends a signal; nothing happens if the process is gone.
    public func signal(_ signal: Signal) {
        // Gone is the only way in which this fails, for a process that we may signal at all.
        _ = pidfd_send_signal(descriptor, signal.number, nil, 0)
    }

    /// Waits until the process is gone.
    public func wait() async -> ExitStatus {
        // Shielded from cancellation: who waits here has to know.
        await withCheckedContinuation { turn in
            enqueue(turn)
        } ?? .unknown
    }

    /// Waits until the process is gone, `limit` is over or the task is cancelled; then `nil`.
    public func wait(for limit: Duration) async -> ExitStatus? {
        await withTaskGroup(of: ExitStatus?.self) { group in
            let id = state.withLock { state in
                state.lastWaiter += 1
                return state.lastWaiter
            }
            group.addTask {
                await withTaskCancellationHandler {
                    await withCheckedContinuation { self.enqueue($0, id) }
                } onCancel: {
                    self.leave(id)
                }
            }
            group.addTask {
                // Cut short when the process was faster, which is what it waits for.
                try? await Task.sleep(for: limit)
                return nil
            }
            defer { group.cancelAll() }
            return await group.next() ?? nil
        }
    }

    private func enqueue(_ turn: CheckedContinuation<ExitStatus?, Never>, _ id: UInt64? = nil) {
        let answer: ExitStatus?? = state.withLock { state in
            if let status = state.status { return .some(status) }
            if id != nil && Task.isCancelled { return .some(nil) }
            if id == nil { state.lastWaiter += 1 }
            state.waiting[id ?? state.lastWaiter] = turn
            return nil
        }
        if let answer { turn.resume(returning: answer) }
    }

    private func leave(_ id: UInt64) {
        state.withLock { $0.waiting.removeValue(forKey: id) }?.resume(returning: nil)
    }

    private func watch(isChild: Bool) {
        _ = WorkerThread(name: "weir-process") { [self] in
            var watched = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            while poll(&watched, 1, -1) <= 0 {}
            var status = ExitStatus.unknown
            if isChild {
                var raw: Int32 = 0
                while waitpid(pid, &raw, 0) < 0 && errno == EINTR {}
                let number = raw & 0x7f
                status = number == 0 ? .code((raw >> 8) & 0xff) : .signal(number)
            }
            let ended = status
            let waiting = state.withLock { state in
                state.status = ended
                defer { state.waiting = [:] }
                return Array(state.waiting.values)
            }
            waiting.forEach { $0.resume(returning: ended) }
        }
    }
}
