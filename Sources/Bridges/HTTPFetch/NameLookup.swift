import Glibc
import Threads

/// Asks the system for the addresses of names, on a few threads however many names there are.
///
/// The call blocks for as long as a name server hangs, and libcurl would start a thread for each.
final class NameLookup: Sendable {
    /// What became of a name.
    enum Answer: Sendable, Equatable {
        /// Addresses, IPv6 in brackets, in the order in which they are to be tried.
        case addresses([String])
        /// There is no such name.
        case unknown
        /// Nobody could say.
        case failed
    }

    private struct State {
        var names: [String] = []
        var threads = 0
    }

    private let state = Locked(State())
    private let tell: @Sendable (String, Answer) -> Void

    /// Threads at the same time; a name waits while all of them do.
    static let threadLimit = 16

    /// Each answer goes to `tell`, on any thread.
    init(tell: @escaping @Sendable (String, Answer) -> Void) { self.tell = tell }

    /// Begins to look up `name`.
    func begin(_ name: String) {
        let needsThread = state.withLock { state in
            state.names.append(name)
            guard state.threads < Self.threadLimit else { return false }
            state.threads += 1
            return true
        }
        guard needsThread else { return }
        WorkerThread.detached(name: "weir-names") { [self] in
            while let name = next() { tell(name, Self.addresses(of: name)) }
        }
    }

    /// The next name; `nil` ends the thread.
    private func next() -> String? {
        state.withLock { state in
            if state.names.isEmpty { state.threads -= 1 }
            return state.names.isEmpty ? nil : state.names.removeFirst()
        }
    }

    static func addresses(of name: String) -> Answer {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_ADDRCONFIG
        var list: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(name, nil, &hints, &list)
        guard code == 0 else { return code == EAI_NONAME ? .unknown : .failed }
        defer { freeaddrinfo(list) }
        var addresses: [String] = []
        var next = list
        while let entry = next?.pointee, addresses.count < 16 {
            var text = [CChar](repeating: 0, count: 64)
            let result = getnameinfo(
                entry.ai_addr, entry.ai_addrlen, &text, socklen_t(text.count), nil, 0,
                NI_NUMERICHOST)
            if result == 0 {
                let bytes = text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
                let address = String(decoding: bytes, as: UTF8.self)
                addresses.append(entry.ai_family == AF_INET6 ? "[\(address)]" : address)
            }
            next = entry.ai_next
        }
        return addresses.isEmpty ? .unknown : .addresses(addresses)
    }
}
