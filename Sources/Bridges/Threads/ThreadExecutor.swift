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

    init() {
        pthread_mutex_init(lock, nil)
        pthread_cond_init(filled, nil)
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

    /// The next entry, waiting for one if need be; `nil` once closed and empty.
    func next() -> Entry? {
        pthread_mutex_lock(lock)
        defer { pthread_mutex_unlock(lock) }
        while first == entries.count {
            entries.removeAll(keepingCapacity: true)
            first = 0
            if isClosed { return nil }
            pthread_cond_wait(filled, lock)
        }
        defer { first += 1 }
        return entries[first]
    }
}
