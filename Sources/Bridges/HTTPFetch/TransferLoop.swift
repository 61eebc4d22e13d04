import CSystem
import Glibc
import Threads

/// The thread that carries transfers, however many there are; it ends when nobody holds the loop.
final class TransferLoop: Sendable {
    private let mailbox = Mailbox()

    /// Starts the thread; a route is `host:port:host:port` and leads from the first to the second.
    init(routes: [String], connectionLimit: Int) {
        let mailbox = mailbox
        WorkerThread.detached(name: "weir-fetch") {
            let lookup = NameLookup { mailbox.post(.answer($0, $1)) }
            let multi = MultiHandle(
                wakeup: mailbox.descriptor, routes: routes, connectionLimit: connectionLimit,
                lookUp: lookup.begin)
            while !mailbox.deliver(to: multi) { while !multi.step() {} }
            multi.cancelAll()
        }
    }

    deinit { mailbox.close() }

    /// Begins a transfer soon.
    func submit(_ transfer: Transfer) { mailbox.post(.start(transfer)) }

    /// Ends a transfer soon, whether it has begun or not.
    func cancel(_ transfer: Transfer) { mailbox.post(.cancel(transfer)) }
}

/// What other threads have for the loop.
private final class Mailbox: Sendable {
    enum Letter {
        case start(Transfer)
        case cancel(Transfer)
        case answer(String, NameLookup.Answer)
    }

    private struct State {
        var letters: [Letter] = []
        var isClosed = false
    }

    /// Readable while there is something to take.
    let descriptor = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
    private let state = Locked(State())

    deinit { Glibc.close(descriptor) }

    func post(_ letter: Letter) {
        let isFirst = state.withLock { state in
            state.letters.append(letter)
            return state.letters.count == 1
        }
        if isFirst { eventfd_write(descriptor, 1) }
    }

    func close() {
        state.withLock { $0.isClosed = true }
        eventfd_write(descriptor, 1)
    }

    /// Hands over what has come; true once there will be no more.
    func deliver(to multi: MultiHandle) -> Bool {
        var count: UInt64 = 0
        eventfd_read(descriptor, &count)
        let (letters, isClosed) = state.withLock { state in
            defer { state.letters = [] }
            return (state.letters, state.isClosed)
        }
        for letter in letters {
            switch letter {
            case .start(let transfer): multi.start(transfer)
            case .cancel(let transfer): multi.cancel(transfer)
            case .answer(let name, let answer): multi.note(answer, of: name)
            }
        }
        return isClosed
    }
}
