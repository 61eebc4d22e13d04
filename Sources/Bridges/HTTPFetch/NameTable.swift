/// The addresses of names, and the transfers that wait for them.
///
/// A value without clocks: time comes in as an argument.
struct NameTable {
    typealias Instant = ContinuousClock.Instant

    /// What a transfer has to do.
    enum Step {
        case go([String])
        case wait
        case fail
    }

    private struct Entry {
        var addresses: [String] = []
        var answeredAt: Instant?
        var isAsked = false
        var waiting: [Transfer] = []
    }

    private var entries: [String: Entry] = [:]
    /// How many transfers wait.
    private(set) var waitingCount = 0

    /// Answers this old are asked for again beside their use; twice as old they are not used.
    static let freshTime = Duration.seconds(60)
    /// Nobody is asked again so soon after there was no address.
    static let refusalTime = Duration.seconds(1)

    /// What `transfer` to `name` does now; `ask` is called where the name is to be looked up.
    mutating func step(
        _ transfer: Transfer, to name: String, now: Instant, ask: (String) -> Void
    ) -> Step {
        if entries[name] == nil { forget(now: now) }
        var entry = entries[name] ?? Entry()
        defer { entries[name] = entry }
        let age = entry.answeredAt.map { now - $0 } ?? .seconds(3600)
        if entry.addresses.isEmpty, age < Self.refusalTime, !entry.isAsked { return .fail }
        let limit = entry.addresses.isEmpty ? .zero : Self.freshTime
        if age >= limit, !entry.isAsked {
            entry.isAsked = true
            ask(name)
        }
        if !entry.addresses.isEmpty, age < Self.freshTime * 2 { return .go(entry.addresses) }
        entry.waiting.append(transfer)
        waitingCount += 1
        return .wait
    }

    /// Notes an answer; those who waited for it come back.
    mutating func note(_ answer: NameLookup.Answer, of name: String, now: Instant) -> [Transfer] {
        guard var entry = entries[name] else { return [] }
        entry.isAsked = false
        switch answer {
        case .addresses(let addresses): (entry.addresses, entry.answeredAt) = (addresses, now)
        case .unknown: (entry.addresses, entry.answeredAt) = ([], now)
        case .failed:
            // What was known serves on while nobody can say: connections stay open meanwhile.
            entry.answeredAt = entry.addresses.isEmpty ? now : now - Self.freshTime
        }
        let waiting = entry.waiting
        entry.waiting = []
        waitingCount -= waiting.count
        entries[name] = entry
        return waiting
    }

    /// Those whose time is over, or who were cancelled; they wait no longer.
    mutating func takeLate(now: Instant) -> [Transfer] {
        var late: [Transfer] = []
        for (name, entry) in entries where !entry.waiting.isEmpty {
            let isLate = { (transfer: Transfer) in transfer.isCancelled || transfer.deadline <= now
            }
            late += entry.waiting.filter(isLate)
            entries[name]?.waiting.removeAll(where: isLate)
        }
        waitingCount -= late.count
        return late
    }

    private mutating func forget(now: Instant) {
        guard entries.count >= 20_000 else { return }
        entries = entries.filter { _, entry in
            entry.isAsked || entry.answeredAt.map { now - $0 < Self.freshTime * 2 } ?? false
        }
    }
}
