import CSystem
import Glibc

/// A named thread that runs one body and can be waited for.
public struct WorkerThread: ~Copyable {
    private let thread: pthread_t

    /// Starts the thread.
    ///
    /// Dropping the value without `join()` lets the thread run on by itself.
    public init(name: String, _ body: @escaping @Sendable () -> Void) {
        thread = Self.start(name: name, body)
    }

    /// Waits until the body has returned.
    ///
    /// It blocks the caller, so it must not be called from the cooperative pool.
    public consuming func join() {
        pthread_join(thread, nil)
        discard self
    }

    deinit { pthread_detach(thread) }

    /// Starts a thread that nobody waits for.
    public static func detached(name: String, _ body: @escaping @Sendable () -> Void) {
        pthread_detach(start(name: name, body))
    }

    private static func start(name: String, _ body: @escaping @Sendable () -> Void) -> pthread_t {
        let context = Unmanaged.passRetained(Body(name: name, run: body))
        var thread = pthread_t()
        let code = pthread_create(&thread, nil, runBody, context.toOpaque())
        precondition(code == 0, "cannot start thread \(name): \(String(cString: strerror(code)))")
        return thread
    }
}

private final class Body: Sendable {
    let name: String
    let run: @Sendable () -> Void
    init(name: String, run: @escaping @Sendable () -> Void) { (self.name, self.run) = (name, run) }
}

// At top level, because a closure formed in isolated code would check its isolation and trap.
private func runBody(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let context else { return nil }
    let body = Unmanaged<Body>.fromOpaque(context).takeRetainedValue()
    // Linux refuses a longer name instead of cutting it.
    _ = weir_set_thread_name(String(decoding: body.name.utf8.prefix(15), as: UTF8.self))
    body.run()
    return nil
}
