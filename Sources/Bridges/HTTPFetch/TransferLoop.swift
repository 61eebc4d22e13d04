import CSystem
import Glibc
import Threads

/// The thread that carries transfers, however many there are; it ends when nobody holds the loop.
///
/// An actor may live on it too: its transfers then begin and end without a thread having to be
/// woken. Whatever such an actor does keeps all transfers waiting, so it must be quick.
public final class TransferLoop: SerialExecutor {
    private let mailbox: Mailbox
    /// For tasks that should not depend on any other thread, though they wait now and then: what
    /// resumes them would else go through the pool that all other tasks share.
    public let tasks: any TaskExecutor

    /// Starts the thread; a route is `host:port:host:port` and leads from the first to the second.
    init(routes: [String], connectionLimit: Int) {
        let mailbox = Mailbox()
        self.mailbox = mailbox
        tasks = LoopTasks(mailbox)
        WorkerThread.detached(name: "weir-fetch") {
            weir_hurry_thread(Self.niceness)
            let lookup = NameLookup { mailbox.post(.answer($0, $1)) }
            let multi = MultiHandle(
                wakeup: mailbox.descriptor, routes: routes, connectionLimit: connectionLimit,
                lookUp: lookup.begin)
            while mailbox.handOut(to: multi) {
                multi.tick()
                guard let due = mailbox.beginWait() else { continue }
                let count = multi.wait(until: due)
                mailbox.endWait()
                multi.move(count, due: due) { _ = mailbox.handOut(to: multi) }
            }
            multi.cancelAll()
        }
    }

    deinit { mailbox.close() }

    /// A tick that comes while others compute should not have to wait for them.
    private static let niceness: Int32 = -10

    /// Begins a transfer soon.
    func submit(_ transfer: Transfer) { mailbox.post(.start(transfer)) }

    /// Ends a transfer soon, whether it has begun or not.
    func cancel(_ transfer: Transfer) { mailbox.post(.cancel(transfer)) }

    // MARK: For actors that live here

    /// Queues a job of an actor that lives on this thread.
    public func enqueue(_ job: consuming ExecutorJob) {
        mailbox.post(.job(UnownedJob(job), self))
    }

    /// Calls `body` on the loop's thread at `instant`, or as soon as `hurry()` is called.
    ///
    /// It is not late by more than what the thread does at the time. One call at a time: another
    /// one ends the first.
    public func call(at instant: ContinuousClock.Instant, _ body: @escaping @Sendable () -> Void) {
        mailbox.sleep(until: instant, body)
    }

    /// Makes the call that waits now, or the next one as soon as it is asked for.
    public func hurry() { mailbox.wake() }
}

/// Runs tasks between transfers, as long as somebody holds the loop.
private final class LoopTasks: TaskExecutor {
    private let mailbox: Mailbox

    init(_ mailbox: Mailbox) { self.mailbox = mailbox }

    func enqueue(_ job: consuming ExecutorJob) { mailbox.post(.task(UnownedJob(job), self)) }
}

/// What there is to do for the loop: in letters, since most of it comes from other threads.
private final class Mailbox: Sendable {
    enum Letter {
        case start(Transfer)
        case cancel(Transfer)
        case answer(String, NameLookup.Answer)
        case job(UnownedJob, TransferLoop)
        case task(UnownedJob, LoopTasks)
    }

    typealias Sleeper = (due: ContinuousClock.Instant, wake: @Sendable () -> Void)

    private struct State {
        var letters: [Letter] = []
        var spare: [Letter] = []
        var sleeper: Sleeper?
        var isWoken = false
        /// Whether the loop waits for sockets, and has to be told that there is a letter.
        var isWaiting = false
        var isClosed = false
    }

    /// Readable while the loop is to be woken.
    let descriptor = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
    private let state = Locked(State())

    deinit { Glibc.close(descriptor) }

    func post(_ letter: Letter) {
        let isWaiting = state.withLock { state in
            state.letters.append(letter)
            defer { state.isWaiting = false }
            return state.isWaiting
        }
        if isWaiting { eventfd_write(descriptor, 1) }
    }

    func close() {
        state.withLock { $0.isClosed = true }
        eventfd_write(descriptor, 1)
    }

    // MARK: The loop's side

    /// Hands over what has come, and what comes of it; false once there will be no more.
    func handOut(to multi: MultiHandle) -> Bool {
        var isClosed = false
        // Sockets have their turn too, however much there is.
        for _ in 0..<Self.roundLimit {
            wakeSleeperIfDue()
            var letters: [Letter] = []
            state.withLock { state in
                swap(&letters, &state.letters)
                swap(&state.letters, &state.spare)
                isClosed = state.isClosed
            }
            if letters.isEmpty { break }
            for letter in letters { hand(letter, to: multi) }
            letters.removeAll(keepingCapacity: letters.count < 1000)
            state.withLock { $0.spare = letters }
        }
        return !isClosed
    }

    private static let roundLimit = 64

    private func hand(_ letter: Letter, to multi: MultiHandle) {
        switch letter {
        case .start(let transfer): multi.start(transfer)
        case .cancel(let transfer): multi.cancel(transfer)
        case .answer(let name, let answer): multi.note(answer, of: name)
        case .job(let job, let loop): job.runSynchronously(on: loop.asUnownedSerialExecutor())
        case .task(let job, let tasks): job.runSynchronously(on: tasks.asUnownedTaskExecutor())
        }
    }

    /// Until when the loop may wait; `nil` where there is something to do already.
    func beginWait() -> ContinuousClock.Instant?? {
        state.withLock { state in
            guard state.letters.isEmpty, !state.isClosed else { return nil }
            state.isWaiting = true
            return .some(state.sleeper?.due)
        }
    }

    func endWait() { state.withLock { $0.isWaiting = false } }

    private func wakeSleeperIfDue() {
        let sleeper: Sleeper? = state.withLock { state in
            guard let sleeper = state.sleeper, sleeper.due <= .now else { return nil }
            state.sleeper = nil
            return sleeper
        }
        sleeper?.wake()
    }

    // MARK: Sleeping

    /// Calls `wake` when the time is over or `wake()` is called, and at once if it was.
    func sleep(until due: ContinuousClock.Instant, _ wake: @escaping @Sendable () -> Void) {
        let (earlier, isOver, isWaiting) = state.withLock { state in
            let earlier = state.sleeper
            let isOver = state.isWoken
            state.isWoken = false
            state.sleeper = isOver ? nil : (due, wake)
            defer { state.isWaiting = false }
            return (earlier, isOver, state.isWaiting)
        }
        if isWaiting { eventfd_write(descriptor, 1) }
        earlier?.wake()
        if isOver { wake() }
    }

    func wake() {
        let sleeper: Sleeper? = state.withLock { state in
            defer { state.sleeper = nil }
            state.isWoken = state.sleeper == nil
            return state.sleeper
        }
        sleeper?.wake()
    }
}
