import Crypto
import Glibc
import Model
import RE2

/// One label set on its way through a plan: the values of its columns as bytes, wherever they lie.
///
/// It makes no string before the rules are through, and then only of what they changed.
// Safe: the memory is the caller's, who lends it for longer than the run lives, or a chunk's.
@safe struct PlanRun: ~Copyable {
    /// What a column holds: bytes, and the label they came from as long as they are its value.
    // Safe: read only by the run that the bytes belong to.
    @safe struct Value: BitwiseCopyable {
        /// `nil` where nothing is held, or where the label's bytes were not looked at yet.
        var start: UnsafePointer<UInt8>?
        var count = 0
        /// The place of the label in the input, or one of those below, or `constants` less the
        /// number of a constant.
        var origin = absent

        static let absent = -1
        static let made = -2
        static let constants = -3

        var isAbsent: Bool { origin == Self.absent }
    }

    let labels: UnsafeBufferPointer<Label>
    let values: UnsafeMutablePointer<Value>
    private(set) var isDropped = false
    private(set) var isChanged = false
    /// Whether the outcome is to hold for label sets with other values where nobody looked.
    let isRecording: Bool
    /// The labels of the input whose values were looked at, of the first 64.
    private(set) var read: UInt64 = 0

    /// Memory for bytes: first what the caller lends, then chunks of our own.
    private var free: UnsafeMutablePointer<UInt8>
    private var freeCount: Int
    private var chunks: [UnsafeMutablePointer<UInt8>]

    /// How many bytes the caller lends.
    static let lentBytes = 1024

    /// The caller lends all of these, the last two uninitialised, for as long as this value lives.
    init(
        _ labels: UnsafeBufferPointer<Label>, _ plan: borrowing Plan, isRecording: Bool,
        values: UnsafeMutableBufferPointer<Value>, bytes: UnsafeMutableBufferPointer<UInt8>
    ) {
        guard let columns = values.baseAddress, let free = bytes.baseAddress else {
            preconditionFailure("BUG: a run without memory")
        }
        unsafe self.labels = labels
        self.isRecording = isRecording
        unsafe self.values = columns
        unsafe self.free = free
        freeCount = bytes.count
        unsafe chunks = []
        unsafe values.initialize(repeating: Value())
        for index in unsafe plan.inputs.indices {
            unsafe columns[plan.inputs[index]].origin = index
        }
    }

    deinit { for index in unsafe chunks.indices { unsafe chunks[index].deallocate() } }

    /// Runs all rules, or all up to the one that drops the label set.
    mutating func run(_ steps: UnsafeBufferPointer<PlanStep>) {
        for index in steps.indices where unsafe !run(steps[index]) {
            isDropped = true
            return
        }
    }

    @inline(__always)
    private mutating func run(_ step: borrowing PlanStep) -> Bool {
        switch step.kind {
        case .keep: return matches(step)
        case .drop: return !matches(step)
        case .keepEqual: return isTargetEqual(step)
        case .dropEqual: return !isTargetEqual(step)
        case .copy: unsafe copy(step.sources[0], to: step.target)
        case .constant: writeConstant(step)
        case .expand: expand(step)
        case .hash: hash(step)
        case .lowercase: changeCase(step, from: UInt8(ascii: "A")...UInt8(ascii: "Z"))
        case .uppercase: changeCase(step, from: UInt8(ascii: "a")...UInt8(ascii: "z"))
        case .map: map(step)
        case .clear:
            for index in unsafe step.cleared.indices { unsafe remove(step.cleared[index]) }
        }
        return true
    }

    // MARK: Reading

    /// The bytes in a column, none where it is empty.
    @inline(__always)
    mutating func bytes(of column: Int) -> UnsafeBufferPointer<UInt8> {
        guard column >= 0 else { return unsafe .init(start: nil, count: 0) }
        if unsafe values[column].start == nil, unsafe values[column].origin >= 0 { load(column) }
        return unsafe .init(start: values[column].start, count: values[column].count)
    }

    private mutating func load(_ column: Int) {
        let input = unsafe values[column].origin
        if input < 64 { read |= 1 << UInt64(input) }
        let count = unsafe labels[input].value.utf8.count
        let start = unsafe reserve(count)
        // A short text lies in the label itself and has no address: all are copied.
        unsafe labels[input].value.utf8.span.withUnsafeBufferPointer {
            if let base = $0.baseAddress { unsafe start.update(from: base, count: count) }
        }
        unsafe values[column].start = UnsafePointer(start)
        unsafe values[column].count = count
    }

    /// The values of the sources, joined.
    @inline(__always)
    mutating func subject(_ step: borrowing PlanStep) -> UnsafeBufferPointer<UInt8> {
        let count = unsafe step.sources.count
        if count == 0 { return unsafe .init(start: nil, count: 0) }
        if count == 1 { return unsafe bytes(of: step.sources[0]) }
        return unsafe joined(step)
    }

    private mutating func joined(_ step: borrowing PlanStep) -> UnsafeBufferPointer<UInt8> {
        let count = unsafe step.sources.count
        var total = unsafe step.separator.count * (count - 1)
        for index in 0..<count { total += unsafe bytes(of: step.sources[index]).count }
        let start = unsafe reserve(total)
        var end = unsafe start
        func append(_ bytes: UnsafeBufferPointer<UInt8>) {
            guard let base = bytes.baseAddress else { return }
            unsafe end.update(from: base, count: bytes.count)
            unsafe end += bytes.count
        }
        for index in 0..<count {
            if index > 0 { unsafe append(step.separator) }
            unsafe append(bytes(of: step.sources[index]))
        }
        return unsafe .init(start: start, count: total)
    }

    @inline(__always)
    private mutating func matches(_ step: borrowing PlanStep) -> Bool {
        if step.matchesAll { return true }
        let subject = unsafe subject(step)
        return unsafe step.pattern._withUnsafeGuaranteedRef { unsafe $0.matches(subject.span) }
    }

    private mutating func isTargetEqual(_ step: borrowing PlanStep) -> Bool {
        let subject = unsafe subject(step)
        return unsafe Self.areEqual(bytes(of: step.target), subject)
    }

    private static func areEqual(
        _ left: UnsafeBufferPointer<UInt8>, _ right: UnsafeBufferPointer<UInt8>
    ) -> Bool {
        guard left.count == right.count else { return false }
        guard let l = left.baseAddress, let r = right.baseAddress else { return true }
        return unsafe memcmp(l, r, left.count) == 0
    }

    // MARK: Writing

    /// Memory for `count` bytes, which lives as long as the run.
    @inline(__always)
    mutating func reserve(_ count: Int) -> UnsafeMutablePointer<UInt8> {
        if count > freeCount { addChunk(count) }
        defer {
            unsafe free += count
            freeCount -= count
        }
        return unsafe free
    }

    private mutating func addChunk(_ count: Int) {
        let size = max(4096, count)
        unsafe free = UnsafeMutablePointer<UInt8>.allocate(capacity: size)
        unsafe chunks.append(free)
        freeCount = size
    }

    mutating func set(
        _ column: Int, _ bytes: UnsafeBufferPointer<UInt8>, origin: Int = Value.made
    ) {
        // What is written is often what is there: then nothing changed. Another label set may
        // have another value there, so this does not count where the outcome is kept.
        if !isChanged, !isRecording, unsafe Self.areEqual(self.bytes(of: column), bytes) { return }
        isChanged = true
        unsafe values[column] =
            bytes.count == 0
            ? Value() : Value(start: bytes.baseAddress, count: bytes.count, origin: origin)
    }

    private mutating func remove(_ column: Int) {
        guard unsafe !values[column].isAbsent else { return }
        isChanged = true
        unsafe values[column] = Value()
    }

    private mutating func copy(_ source: Int, to target: Int) {
        guard source >= 0, unsafe !values[source].isAbsent else { return remove(target) }
        if !isChanged, !isRecording,
            unsafe Self.areEqual(bytes(of: source), bytes(of: target))
        {
            return
        }
        isChanged = true
        unsafe values[target] = values[source]
    }

    private mutating func writeConstant(_ step: borrowing PlanStep) {
        guard matches(step) else { return }
        unsafe set(step.target, step.constant, origin: Value.constants - step.constantNumber)
    }

    private mutating func expand(_ step: borrowing PlanStep) {
        let subject = unsafe subject(step)
        // Most results are no longer than this; one that is asks for its room and is made again.
        var room = subject.count + 32
        while true {
            if room > freeCount { addChunk(room) }
            var output = unsafe UnsafeMutableBufferPointer(start: free, count: room).mutableSpan
            let template = unsafe step.template
            let count = unsafe step.pattern._withUnsafeGuaranteedRef { pattern in
                unsafe template._withUnsafeGuaranteedRef {
                    unsafe pattern.expand(subject.span, into: $0, to: &output)
                }
            }
            guard let count else { return }
            if count <= room {
                let start = unsafe reserve(count)
                return unsafe set(step.target, .init(start: start, count: count))
            }
            room = count
        }
    }

    private mutating func map(_ step: borrowing PlanStep) {
        if step.isTangled { return mapTangled(step) }
        for index in unsafe step.moves.indices {
            let move = unsafe step.moves[index]
            if unsafe !values[move.source].isAbsent { copy(move.source, to: move.target) }
        }
    }

    /// Goes by what was there before the rule.
    private mutating func mapTangled(_ step: borrowing PlanStep) {
        var before: [Value] = []
        for index in unsafe step.moves.indices {
            unsafe before.append(values[step.moves[index].source])
        }
        for index in before.indices where !before[index].isAbsent {
            isChanged = true
            unsafe values[step.moves[index].target] = before[index]
        }
    }
}
