import Glibc

/// The signals a process is sent, as a stream.
public enum Signals {
    /// Every delivery of one of `numbers` from now on.
    ///
    /// Call it once a process: a handler can write into one stream only.
    public static func stream(of numbers: [Int32]) -> AsyncStream<Int32> {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else {
            preconditionFailure("cannot make a pipe: \(String(cString: strerror(errno)))")
        }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        signalPipe = ends[1]
        let (stream, continuation) = AsyncStream<Int32>.makeStream()
        let reading = ends[0]
        WorkerThread.detached(name: "weir-signals") {
            var number: UInt8 = 0
            while read(reading, &number, 1) != 0 { continuation.yield(Int32(number)) }
        }
        for number in numbers {
            var action = sigaction()
            action.__sigaction_handler.sa_handler = passOn
            action.sa_flags = SA_RESTART
            sigaction(number, &action, nil)
        }
        return stream
    }
}

// Safe: written once, before any handler that reads it is installed.
private nonisolated(unsafe) var signalPipe: Int32 = -1

/// All that a signal handler may do: write one byte, and leave `errno` as it was.
private func passOn(_ number: Int32) {
    let saved = errno
    var byte = UInt8(truncatingIfNeeded: number)
    _ = write(signalPipe, &byte, 1)
    errno = saved
}
