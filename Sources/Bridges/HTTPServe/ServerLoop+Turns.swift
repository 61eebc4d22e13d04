import CSystem
import Glibc
import Threads

/// Handlers on the thread that serves the sockets, and the second thread that takes its turn.
///
/// A thread of the cooperative pool has to be woken for what it gets, which costs more than most
/// handlers do. So their tasks prefer this loop, which runs their jobs between two looks at the
/// sockets. A thread that stands by looks at a clock while jobs run: where they take long, first
/// the sockets come before the rest of them, and where a single one does not end, it takes the
/// sockets over. Whoever was left behind stands by when it comes back; in the meantime there is
/// nobody to take over again, and jobs go to the pool.
extension ServerLoop: TaskExecutor {
    /// Starts the threads, which live until the loop is drained.
    func start() {
        WorkerThread.detached(name: "weir-http") { self.live(hasTurn: true) }
        WorkerThread.detached(name: "weir-http-next") { self.live(hasTurn: false) }
    }

    private func live(hasTurn: Bool) {
        var turn = hasTurn ? 0 : takeTurn()
        while let mine = turn {
            if serve(mine) { return end() }
            turn = takeTurn()
        }
    }

    // MARK: Jobs

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        let (isTaken, wakes) = mailbox.withLock { mailbox in
            guard mailbox.jobs.isOpen else { return (false, false) }
            mailbox.jobs.append(job)
            defer { mailbox.isSleeping = false }
            return (true, mailbox.isSleeping)
        }
        if !isTaken { return globalConcurrentExecutor.enqueue(job) }
        if wakes { ring() }
    }

    /// Runs the jobs that wait by now; false where `turn` is over since.
    func runJobs(_ turn: Int) -> Bool {
        mailbox.withLock { $0.jobs.beginBatch() }
        while true {
            let (step, starts) = mailbox.withLock { $0.jobs.next(turn) }
            if starts { startTick() }
            switch step {
            case .job(let job): job.runSynchronously(on: asUnownedTaskExecutor())
            case .sockets: return true
            case .relieved: return false
            }
        }
    }

    // MARK: Turns

    private func startTick() {
        var time = itimerspec()
        time.it_value.tv_nsec = 2_000_000
        timerfd_settime(tick, 0, &time, nil)
    }

    /// Waits until the sockets have to be taken over; the number of the turn, `nil` at the end.
    private func takeTurn() -> Int? {
        while true {
            if mailbox.withLock({ $0.jobs.isOver }) { return nil }
            var ticks: UInt64 = 0
            _ = read(tick, &ticks, MemoryLayout<UInt64>.size)
            switch mailbox.withLock({ $0.jobs.look() }) {
            case .rest: break
            case .again: startTick()
            case .take(let turn, let left):
                for job in left { globalConcurrentExecutor.enqueue(job) }
                return turn
            }
        }
    }

    private func end() {
        for job in mailbox.withLock({ $0.jobs.end() }) { globalConcurrentExecutor.enqueue(job) }
        // Whoever stands by finds that it is over.
        startTick()
        finishDraining()
    }
}

/// Jobs in the order in which they came, and whose turn it is to run them.
struct JobLine {
    /// What whoever runs jobs does next.
    enum Step {
        case job(UnownedJob), sockets, relieved
    }

    /// What whoever stands by does next.
    enum Look {
        case rest, again
        case take(turn: Int, left: [UnownedJob])
    }

    private var jobs: [UnownedJob] = []
    private var first = 0
    /// The end of the batch that runs.
    private var batchEnd = 0
    private var batch = 0
    private var isRunning = false
    private var isTicking = false
    /// The batch that ran when the clock was looked at.
    private var seenBatch = -1
    private var turn = 0
    /// Whether a thread was left behind with a job that does not end.
    private var isHeldUp = false
    private(set) var isOver = false

    /// Whether the loop takes jobs.
    var isOpen: Bool { !isHeldUp && !isOver }

    var isEmpty: Bool { jobs.isEmpty }

    mutating func append(_ job: UnownedJob) { jobs.append(job) }

    /// What waits by now is run before the sockets come again.
    mutating func beginBatch() {
        (batchEnd, batch) = (jobs.count, batch + 1)
    }

    /// What is next for whoever has `turn`, and whether a clock is to be started.
    mutating func next(_ mine: Int) -> (Step, startsClock: Bool) {
        guard mine == turn else {
            isHeldUp = false
            return (.relieved, false)
        }
        guard first < batchEnd else {
            jobs.removeFirst(first)
            (first, batchEnd, isRunning) = (0, 0, false)
            return (.sockets, false)
        }
        first += 1
        isRunning = true
        defer { isTicking = true }
        return (.job(jobs[first - 1]), !isTicking)
    }

    /// The clock has moved on.
    mutating func look() -> Look {
        guard isRunning, !isOver else {
            (isTicking, seenBatch) = (false, -1)
            return .rest
        }
        guard seenBatch == batch else {
            seenBatch = batch
            batchEnd = min(batchEnd, first)
            return .again
        }
        turn += 1
        (isHeldUp, isRunning, isTicking, seenBatch) = (true, false, false, -1)
        return .take(turn: turn, left: takeAll())
    }

    /// No more jobs are taken.
    mutating func end() -> [UnownedJob] {
        isOver = true
        return takeAll()
    }

    private mutating func takeAll() -> [UnownedJob] {
        defer { (jobs, first, batchEnd) = ([], 0, 0) }
        return Array(jobs[first...])
    }
}
