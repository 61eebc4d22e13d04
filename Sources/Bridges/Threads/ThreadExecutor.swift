import CSystem
import Glibc

/// Runs an actor's work on one thread of its own, so that a blocking C call stalls that thread and
/// never the cooperative pool that all other tasks share.
///
/// Work runs in the order it arrives. The thread ends once the executor is gone and its work done.
public final class ThreadExecutor: SerialExecutor {
    private let jobs = JobQueue()

    /// - Parameter name: Shown by `top -H`; Linux keeps its first 15 bytes.
    public init(name: String) {
        let jobs = jobs
        WorkerThread.detached(name: name) {
            while let job = jobs.next() { job.run() }
        }
    }

    deinit { jobs.close() }

    /// Queues `job` behind all that came before it.
    public func enqueue(_ job: consuming ExecutorJob) {
        jobs.append(JobQueue.Entry(job: UnownedJob(job), executor: self))
    }

    /// Waits until `instant`, or until `wake()` or the end of the task, whichever is first.
    ///
    /// The executor's own thread keeps the time, to a fraction of a millisecond; `Task.sleep` may
    /// be late by a tenth of what it waits. One call at a time: another one ends the first.
    public func sleep(until instant: ContinuousClock.Instant) async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let left = instant - ContinuousClock.now
                let (seconds, attoseconds) = left.components
                let nanoseconds = max(0, seconds * 1_000_000_000 + attoseconds / 1_000_000_000)
                jobs.sleep(nanoseconds: nanoseconds, isCancelled: { Task.isCancelled }) {
                    continuation.resume()
                }
            }
        } onCancel: {
            jobs.wake()
        }
    }

    /// Ends the `sleep` that waits now, or the next one if none does.
    public func wake() { jobs.wake() }
}

/// Jobs that one thread waits for.
// Safe to share: all state is only touched while `lock` is held.
private final class JobQueue: @unchecked Sendable {
    struct Entry {
        let job: UnownedJob
        let executor: ThreadExecutor
        func run() { job.runSynchronously(on: executor.asUnownedSerialExecutor()) }
    }

    private let lock = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let filled = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var entries: [Entry] = []
    private var first = 0
    private var isClosed = false
    /// Who sleeps, and until when by the monotonic clock.
    private var sleeper: (due: Int64, wake: @Sendable () -> Void)?
    private var isWoken = false

    init() {
        pthread_mutex_init(lock, nil)
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        pthread_cond_init(filled, &attributes)
        pthread_condattr_destroy(&attributes)
    }

    deinit {
        pthread_cond_destroy(filled)
        pthread_mutex_destroy(lock)
        filled.deallocate()
        lock.deallocate()
    }

    func append(_ entry: Entry) {
        pthread_mutex_lock(lock)
        entries.append(entry)
        pthread_cond_signal(filled)
        pthread_mutex_unlock(lock)
    }

    func close() {
        pthread_mutex_lock(lock)
        isClosed = true
        pthread_cond_signal(filled)
        pthread_mutex_unlock(lock)
    }

    /// Calls `wake` when the time is over or `wake()` is called, and at once if it was.
    func sleep(
        nanoseconds: Int64, isCancelled: () -> Bool, _ wake: @escaping @Sendable () -> Void
    ) {
        pthread_mutex_lock(lock)
        let earlier = sleeper
        let isOver = isWoken || isCancelled()
        isWoken = false
        sleeper = isOver ? nil : (Self.now + nanoseconds, wake)
        pthread_cond_signal(filled)
        pthread_mutex_unlock(lock)
        earlier?.wake()
        if isOver { wake() }
    }

    func wake() {
        pthread_mutex_lock(lock)
        let waiting = sleeper
        sleeper = nil
        isWoken = waiting == nil
        pthread_mutex_unlock(lock)
        waiting?.wake()
    }

    private static var now: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }

    /// The next entry, waiting for one if need be; `nil` once closed and empty.
    func next() -> Entry? {
        pthread_mutex_lock(lock)
        defer { pthread_mutex_unlock(lock) }
        while true {
            endSleep()
            if first < entries.count { break }
            entries.removeAll(keepingCapacity: true)
            first = 0
            if isClosed { return nil }
            if let due = sleeper?.due {
                var time = timespec(
                    tv_sec: Int(due / 1_000_000_000), tv_nsec: Int(due % 1_000_000_000))
                pthread_cond_timedwait(filled, lock, &time)
            } else {
                pthread_cond_wait(filled, lock)
            }
        }
        defer { first += 1 }
        return entries[first]
    }

    /// Queues the sleeper whose time is over; the lock is held.
    private func endSleep() {
        guard let (due, wake) = sleeper, due <= Self.now else { return }
        sleeper = nil
        pthread_mutex_unlock(lock)
        // Takes the lock itself, to queue what slept.
        wake()
        pthread_mutex_lock(lock)
    }
}
