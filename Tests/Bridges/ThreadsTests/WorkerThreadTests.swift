import Testing
import Threads

struct WorkerThreadTests {
    @Test func `a joined thread has run its body`() {
        let ran = Locked(false)
        let thread = WorkerThread(name: "a name longer than Linux keeps") {
            ran.withLock { $0 = true }
        }
        thread.join()
        #expect(ran.withLock { $0 })
    }
}
