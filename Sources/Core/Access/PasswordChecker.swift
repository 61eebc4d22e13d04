import Crypto
import Telemetry
import Threads

/// Checks passwords against bcrypt hashes, once each.
///
/// One check takes about 50 ms of CPU by design. So what has been checked is remembered, under a
/// key that dies with the process; one thread does all checks; and a queue that is full is told so
/// instead of growing.
final class PasswordChecker: Sendable {
    /// What a check came to.
    enum Outcome: Sendable {
        case right
        case wrong
        /// Too many others wait already.
        case busy
    }

    private struct Memory {
        var outcomes: [Digest: Bool] = [:]
        var order: [Digest] = []
        var next = 0
        var waiting = 0
    }

    private let key = SecureBytes.random(count: 32)
    private let memory = Locked(Memory())
    private let worker = Worker()
    private let waitingLimit: Int
    private let memoryLimit: Int
    private let checks: Counter

    /// - Parameters:
    ///   - checks: Counts what bcrypt was really asked.
    ///   - waitingLimit: How many checks may wait for the thread.
    ///   - memoryLimit: How many outcomes are remembered; the oldest goes first.
    init(counting checks: Counter, waitingLimit: Int = 16, memoryLimit: Int = 1024) {
        self.checks = checks
        self.waitingLimit = waitingLimit
        self.memoryLimit = memoryLimit
    }

    /// What is remembered of this password and this hash.
    func remembered(_ password: String, _ hash: PasswordHash) throws(CryptoError) -> Bool? {
        let name = try name(password, hash)
        return memory.withLock { $0.outcomes[name] }
    }

    /// Whether `hash` is one of `password`.
    func check(_ password: String, _ hash: PasswordHash) async throws(CryptoError) -> Outcome {
        let name = try name(password, hash)
        let (known, isBusy) = memory.withLock { memory -> (Bool?, Bool) in
            if let known = memory.outcomes[name] { return (known, false) }
            guard memory.waiting < waitingLimit else { return (nil, true) }
            memory.waiting += 1
            return (nil, false)
        }
        if let known { return known ? .right : .wrong }
        guard !isBusy else { return .busy }
        let isRight = await worker.run { [self] in
            // The same password may have been checked while this one waited.
            if let known = memory.withLock({ $0.outcomes[name] }) { return known }
            checks.add()
            return hash.matches(password)
        }
        memory.withLock { memory in
            memory.waiting -= 1
            remember(name, isRight, in: &memory)
        }
        return isRight ? .right : .wrong
    }

    private func remember(_ name: Digest, _ isRight: Bool, in memory: inout Memory) {
        guard memory.outcomes.updateValue(isRight, forKey: name) == nil else { return }
        guard memory.order.count == memoryLimit else {
            memory.order.append(name)
            return
        }
        memory.outcomes[memory.order[memory.next]] = nil
        memory.order[memory.next] = name
        memory.next = (memory.next + 1) % memoryLimit
    }

    // Keyed, so that a dump of the memory holds nothing that a password could be guessed from
    // faster than from its bcrypt hash.
    private func name(_ password: String, _ hash: PasswordHash) throws(CryptoError) -> Digest {
        try Digest.hmacSHA256(Array(hash.text.utf8) + [0] + Array(password.utf8), key: key)
    }
}

/// The one thread that runs bcrypt.
private actor Worker {
    private let thread = ThreadExecutor(name: "weir-passwords")
    nonisolated var unownedExecutor: UnownedSerialExecutor {
        // Safe: the actor holds the executor for as long as it lives.
        unsafe thread.asUnownedSerialExecutor()
    }

    func run(_ body: @Sendable () -> Bool) -> Bool { body() }
}
