import Glibc
import Testing
import Threads

actor Blocker {
    private let thread = ThreadExecutor(name: "weir-test")
    nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }
    private var seen: Set<UInt> = []

    func block() -> Int {
        usleep(1000)
        seen.insert(UInt(pthread_self()))
        return seen.count
    }
}

struct ThreadExecutorTests {
    @Test func `an actor's calls all run on its one thread`() async {
        let blocker = Blocker()
        await withTaskGroup(of: Int.self) { group in
            for _ in 0..<50 { group.addTask { await blocker.block() } }
            for await threads in group { #expect(threads == 1) }
        }
    }
}
