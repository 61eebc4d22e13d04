import Model
import Threads

/// The plans and outcomes of one rule list, found again by the names of a label set, and by the
/// values that the rules looked at: pods that come again with every refresh need no expression to
/// run.
///
/// It holds a bounded number, and keeps no outcomes for a while where hardly any is asked for again.
final class OutcomeCache: Sendable {
    private let state = Locked(State())

    struct State {
        /// The one that was asked for last.
        fileprivate var front: Shape?
        fileprivate var shapes: [UInt64: Shape] = [:]
        /// Hashes of names that were met once: a plan is worth its making where they come again.
        fileprivate var met = [UInt64](repeating: 0, count: 1024)
        fileprivate var outcomes = 0
        fileprivate var lookups = 0
        fileprivate var hits = 0
        /// How many label sets are still to go by without being kept.
        fileprivate var rest = 0
    }

    enum Answer {
        case known(Outcome)
        /// Nobody knows; `isWanted` says whether to tell the outcome. Without a plan the rules are
        /// run one by one.
        case unknown(Plan?, isWanted: Bool)
    }

    static let outcomeLimit = 2048
    fileprivate static let shapeLimit = 1024

    func find(_ labels: Labels, _ program: Program) -> Answer {
        state.withLock { state in
            guard let shape = state.shape(of: labels, program), let plan = shape.plan else {
                return .unknown(nil, isWanted: false)
            }
            guard state.rest == 0, labels.count <= 64 else {
                state.rest = max(0, state.rest - 1)
                return .unknown(plan, isWanted: false)
            }
            state.lookups += 1
            guard let outcome = shape.outcome(of: labels) else {
                return .unknown(plan, isWanted: true)
            }
            state.hits += 1
            return .known(outcome)
        }
    }

    /// Keeps what came of `labels`, at whose places `read` the rules looked.
    func add(_ outcome: Outcome, for labels: Labels, read: UInt64) {
        state.withLock { state in
            if state.outcomes >= Self.outcomeLimit { state.empty() }
            guard let shape = state.shape(of: labels, nil) else { return }
            if read & ~shape.read != 0 {
                // What was kept so far does not say enough of the values.
                state.outcomes -= shape.count
                shape.widen(by: read)
            }
            if shape.add(outcome, for: labels) { state.outcomes += 1 }
        }
    }
}

extension OutcomeCache.State {
    /// What is known of label sets with these names; made where `program` is given and they were
    /// met before.
    fileprivate mutating func shape(of labels: Labels, _ program: Program?) -> Shape? {
        if let front, front.fits(labels) { return front }
        let hash = Shape.hash(ofNames: labels)
        if let shape = shapes[hash] {
            guard shape.fits(labels) else { return nil }
            front = shape
            return shape
        }
        guard let program else { return nil }
        let place = Int(truncatingIfNeeded: hash) & (met.count - 1)
        guard met[place] == hash else {
            met[place] = hash
            return nil
        }
        if shapes.count >= OutcomeCache.shapeLimit { (shapes, outcomes) = ([:], 0) }
        let shape = Shape(of: labels, program)
        shapes[hash] = shape
        front = shape
        return shape
    }

    fileprivate mutating func empty() {
        // Where few come again, keeping them costs more than it gives.
        if hits < lookups / 4 { rest = lookups * 64 }
        for shape in shapes.values { shape.empty() }
        (outcomes, lookups, hits) = (0, 0, 0)
    }
}
