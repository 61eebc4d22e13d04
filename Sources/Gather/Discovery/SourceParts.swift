import Threads

/// The parts of one source, such as the lists of a cluster, that fail and recover on their own.
///
/// As long as one part fails the source fails, whatever the others hand in meanwhile.
final class SourceParts: Sendable {
    private let updates: TargetUpdates
    private let failing = Locked<[String: String]>([:])

    /// Parts of the source that hands in to `updates`.
    init(_ updates: TargetUpdates) { self.updates = updates }

    /// Says that a part fails, and why.
    func failed(_ part: String, reason: String) {
        failing.withLock { $0[part] = reason }
        updates.failed(reason: reason)
    }

    /// Says that a part answered, and hands in what came of it.
    func succeeded(_ part: String, _ handIn: (TargetUpdates) -> Void = { $0.succeeded() }) {
        let other = failing.withLock { failing in
            failing[part] = nil
            return failing.min { $0.key < $1.key }?.value
        }
        handIn(other.map { updates.partly(failing: $0) } ?? updates)
    }

    /// Forgets that a part failed, where the source has nothing to say yet.
    func recovered(_ part: String) { failing.withLock { $0[part] = nil } }
}
