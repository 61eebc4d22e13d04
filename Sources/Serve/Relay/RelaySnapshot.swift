import Head
import Model
import Threads

/// How every clock did at one moment.
final class RelaySnapshot: Sendable {
    /// Counts the moments at which something was new.
    let number: Int
    let clocks: LiveClocks
    /// What tells this run's snapshots from those of others, and from each other.
    let cursor: String
    private let exemplars = Locked<[UInt32: PlacedExemplar]?>(nil)

    init(number: Int, _ clocks: LiveClocks, run: String) {
        self.number = number
        self.clocks = clocks
        cursor = "\(run).\(number)"
    }

    /// The newest exemplar of each series that has any; looked up once.
    func exemplars(of head: Head) -> [UInt32: PlacedExemplar] {
        exemplars.withLock { known in
            if let known { return known }
            let found = head.newestExemplars()
            known = found
            return found
        }
    }
}

/// The last moments: how far each clock had come at each, so that a reader can be told what is new.
struct SnapshotHistory {
    /// The most versions of clocks that are remembered.
    private static let mostVersions = 1 << 16

    private(set) var latest: RelaySnapshot?
    private var number = 0
    private var past: [(number: Int, versions: [LiveVersion?])] = []
    // No other run has it.
    private let run = String(UInt64.random(in: .min ... .max), radix: 36)

    /// The snapshot of `clocks`, which is the one before where nothing is new.
    mutating func take(_ clocks: LiveClocks) -> RelaySnapshot {
        let versions = (0..<clocks.count).map { clocks.version(of: $0) }
        if past.last?.versions != versions {
            number += 1
            let room = max(4, Self.mostVersions / max(1, versions.count))
            if past.count >= room { past.removeFirst(past.count - room + 1) }
            past.append((number, versions))
        } else if let latest {
            return latest
        }
        let taken = RelaySnapshot(number: number, clocks, run: run)
        latest = taken
        return taken
    }

    /// How far the clocks had come at `cursor`, where that is remembered.
    func versions(at cursor: String) -> [LiveVersion?]? {
        let parts = cursor.split(separator: ".")
        guard parts.count == 2, parts[0] == run, let number = Int(parts[1]) else { return nil }
        return past.first { $0.number == number }?.versions
    }

    /// Lets go of rows that are only of use while somebody reads.
    mutating func rest() { latest = nil }
}
