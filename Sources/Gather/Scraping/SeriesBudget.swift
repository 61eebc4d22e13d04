public import Model
import Threads

/// How many series the targets of a job may have together, and what did not fit.
///
/// Series that are known go on; only new ones are refused. So a target whose labels explode keeps
/// what it had, and so do its neighbours.
final class SeriesBudget: Sendable {
    private struct State {
        var limit: Int
        var used = 0
        var refused = 0
        var values: [String: Set<UInt64>] = [:]
        var examples: [Labels] = []
    }

    private let state: Locked<State>
    /// Label sets that are looked at to find the label that explodes.
    private static let studied = 1000

    /// Room for `limit` series; 0 for all.
    init(limit: Int) { state = Locked(State(limit: limit)) }

    /// Changes the limit; series over it stay.
    func change(limit: Int) { state.withLock { $0.limit = limit } }

    /// Takes room for a new series; false where there is none.
    func take(_ labels: Labels) -> Bool {
        state.withLock { state in
            guard state.limit > 0, state.used >= state.limit else {
                state.used += 1
                return true
            }
            state.refused += 1
            if state.refused <= Self.studied {
                for label in labels {
                    var hash = StableHash()
                    hash.combine(label.value)
                    state.values[label.name, default: []].insert(hash.value)
                }
                if state.examples.count < 5 { state.examples.append(labels) }
            }
            return false
        }
    }

    /// Gives room back.
    func give(back count: Int) { state.withLock { $0.used -= count } }

    /// Whether a tenth of the room is free, so that it is worth trying again.
    var hasRoom: Bool {
        state.withLock { $0.limit == 0 || $0.used < $0.limit - $0.limit / 10 }
    }

    /// How it stands; `nil` where there is no limit.
    var status: SeriesBudgetStatus? {
        state.withLock { state in
            guard state.limit > 0 else { return nil }
            let exploded = state.values.filter { $0.key != LabelName.metric }
                .max { ($0.value.count, $1.key) < ($1.value.count, $0.key) }
            return SeriesBudgetStatus(
                limit: state.limit, used: state.used, refused: state.refused,
                explodedLabel: exploded?.key, examples: state.examples)
        }
    }
}

/// How a job's budget stands.
public struct SeriesBudgetStatus: Sendable, Equatable {
    /// The most series that the job may have.
    public let limit: Int
    /// How many it has.
    public let used: Int
    /// How many were refused since the job began.
    public let refused: Int
    /// The label with the most values among those refused; `nil` while none was.
    public let explodedLabel: String?
    /// The first few that were refused.
    public let examples: [Labels]
}
