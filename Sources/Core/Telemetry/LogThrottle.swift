public import Model
import Threads

/// Lets a repeated line through once a minute per key, and says how many were held back.
public final class LogThrottle: Sendable {
    private struct Entry {
        var lastWritten: Timestamp
        var heldBack: Int
    }

    private let every: TimeSpan
    private let keyLimit: Int
    private let entries = Locked<[String: Entry]>([:])

    /// - Parameters:
    ///   - every: How long a key is quiet after a line.
    ///   - keyLimit: How many keys are remembered; past it all are forgotten, so that memory stays
    ///     bounded.
    public init(every: TimeSpan = .minutes(1), keyLimit: Int = 10_000) {
        self.every = every
        self.keyLimit = keyLimit
    }

    /// How many lines of `key` were held back since the last one, or `nil` if this one is held
    /// back too.
    public func heldBack(key: String, now: Timestamp = WallClock.now) -> Int? {
        entries.withLock { entries in
            if let entry = entries[key], now < entry.lastWritten + every, now >= entry.lastWritten {
                entries[key]?.heldBack += 1
                return nil
            }
            let count = entries[key]?.heldBack ?? 0
            if entries.count >= keyLimit { entries.removeAll() }
            entries[key] = Entry(lastWritten: now, heldBack: 0)
            return count
        }
    }
}

extension Log {
    /// A warning that is written at most once a minute per `key`.
    public func warn(
        throttled throttle: LogThrottle, key: String, _ message: StaticString,
        _ facts: KeyValuePairs<String, String> = [:]
    ) {
        guard let count = throttle.heldBack(key: key) else { return }
        let log = count == 0 ? self : with("held_back", count)
        log.warn(message, facts)
    }
}
