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

    func sleep(_ time: Duration) async -> Duration {
        let start = ContinuousClock.now
        await thread.sleep(until: start + time)
        return ContinuousClock.now - start
    }

    nonisolated func wake() { thread.wake() }
}

struct ThreadExecutorTests {
    @Test func `an actor's calls all run on its one thread`() async {
        let blocker = Blocker()
        await withTaskGroup(of: Int.self) { group in
            for _ in 0..<50 { group.addTask { await blocker.block() } }
            for await threads in group { #expect(threads == 1) }
        }
    }

    @Test func `a sleep lasts as long as was asked`() async {
        let slept = await Blocker().sleep(.milliseconds(30))
        #expect(slept >= .milliseconds(30))
    }

    @Test func `jobs run while another sleeps, and wake ends the sleep`() async {
        let blocker = Blocker()
        async let sleep = blocker.sleep(.seconds(60))
        #expect(await blocker.block() == 1)
        blocker.wake()
        #expect(await sleep < .seconds(60))
    }

    @Test func `a cancelled task sleeps no longer`() async {
        let blocker = Blocker()
        let task = Task { await blocker.sleep(.seconds(60)) }
        task.cancel()
        #expect(await task.value < .seconds(60))
    }
}
