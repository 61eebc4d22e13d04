import Crypto
import Glibc
import Model
import RE2

/// One label set on its way through a program: values as bytes in one stretch of memory.
///
/// It reads the label set, and makes new strings only for what the rules changed.
// Safe: the memory is the caller's, who lends it for longer than the run lives, or a chunk's.
@safe struct ProgramRun: ~Copyable {
    /// What a slot holds: bytes, and the label they came from as long as they are its value.
    // Safe: read only by the run that the bytes belong to.
    @safe struct Value {
        var start: UnsafeMutablePointer<UInt8>?
        var count = 0
        /// The place of the label in the input, or -1 where a rule made the value.
        var input = -1
    }

    /// A label that has no slot and that a rule made.
    struct Extra {
        let name: String
        let value: Value
    }

    private let labels: Labels
    /// The slots; only those whose bit is set in `present` hold something.
    private let values: UnsafeMutablePointer<Value>
    private var present: UInt64 = 0
    /// The labels of the input that have no slot and are still there.
    private var carried: UInt64 = 0
    private var extras: [Extra] = []
    private(set) var isChanged = false
    private(set) var isDropped = false
    /// Whether the outcome is to hold for label sets with other values where nobody looked.
    var isRecording = false
    /// The labels of the input whose values were looked at.
    private(set) var read: UInt64 = 0
    /// The slot of each label of the input, or `noSlot`.
    private let slotOfInput: UnsafeMutablePointer<UInt8>
    private static let noSlot: UInt8 = 0xff

    /// Memory for bytes: first what the caller lends, then chunks of our own.
    private var free: UnsafeMutablePointer<UInt8>
    private var freeCount: Int
    private var chunks: [Value] = []

    /// The most labels that a set may have here, so that they fit into one word.
    static let labelLimit = 64
    /// How many bytes the caller lends.
    static let lentBytes = 1024

    /// The caller lends both stretches, uninitialised, for as long as this value lives.
    init(
        _ labels: Labels, _ program: Program, values: UnsafeMutableBufferPointer<Value>,
        bytes: UnsafeMutableBufferPointer<UInt8>
    ) {
        self.labels = labels
        guard let slots = values.baseAddress, let free = bytes.baseAddress else {
            preconditionFailure("BUG: a run without memory")
        }
        unsafe self.values = slots
        unsafe slotOfInput = free
        unsafe self.free = free + labels.count
        freeCount = bytes.count - labels.count
        for index in 0..<labels.count {
            let slot = program.table.slot(of: labels[index].name.utf8.span)
            unsafe slotOfInput[index] = slot < 0 ? Self.noSlot : UInt8(slot)
            if slot < 0 {
                carried |= 1 << UInt64(index)
            } else {
                unsafe slots[slot] = Value(start: nil, input: index)
                present |= 1 << UInt64(slot)
            }
        }
    }

    deinit { for chunk in chunks { unsafe chunk.start?.deallocate() } }

    /// Runs all rules, or all up to the one that drops the label set.
    mutating func run(_ program: Program) {
        for operation in program.operations where !step(operation, program) {
            isDropped = true
            return
        }
    }

    private mutating func step(_ operation: Program.Operation, _ program: Program) -> Bool {
        switch operation.action {
        case .keep: return unsafe operation.pattern.matches(subject(operation).span)
        case .drop: return unsafe !operation.pattern.matches(subject(operation).span)
        case .keepEqual: return isTargetEqual(operation)
        case .dropEqual: return !isTargetEqual(operation)
        case .replace: replace(operation, program)
        case .hashMod: hash(operation)
        case .lowercase: changeCase(operation, upper: false)
        case .uppercase: changeCase(operation, upper: true)
        case .labelMap: map(operation, program)
        case .labelDrop, .labelKeep: dropNames(operation)
        }
        return true
    }

    // MARK: Reading

    private func isPresent(_ slot: Int) -> Bool { present & (1 << UInt64(slot)) != 0 }

    /// The bytes in a slot, none where it is empty.
    private mutating func bytes(of slot: Int) -> UnsafeMutableBufferPointer<UInt8> {
        guard slot >= 0, isPresent(slot) else { return unsafe .init(start: nil, count: 0) }
        if unsafe values[slot].start == nil { load(slot) }
        return unsafe .init(start: values[slot].start, count: values[slot].count)
    }

    private mutating func load(_ slot: Int) {
        let input = unsafe values[slot].input
        read |= 1 << UInt64(input)
        let text = labels[input].value
        let count = text.utf8.count
        let start = unsafe reserve(count)
        unsafe text.utf8.span.withUnsafeBufferPointer {
            if let base = $0.baseAddress { unsafe start.update(from: base, count: count) }
        }
        unsafe values[slot].start = start
        unsafe values[slot].count = count
    }

    /// The values of the sources, joined.
    private mutating func subject(
        _ operation: Program.Operation
    ) -> UnsafeMutableBufferPointer<UInt8> {
        let count = operation.sources.count
        if count == 0 { return unsafe .init(start: nil, count: 0) }
        if count == 1 { return unsafe bytes(of: operation.sources[0]) }
        var total = operation.separator.count * (count - 1)
        for index in 0..<count { total += unsafe bytes(of: operation.sources[index]).count }
        let joined = unsafe UnsafeMutableBufferPointer(start: reserve(total), count: total)
        var end = 0
        for index in 0..<count {
            if index > 0 { end = unsafe joined[end...].update(fromContentsOf: operation.separator) }
            end = unsafe joined[end...].update(fromContentsOf: bytes(of: operation.sources[index]))
        }
        return unsafe joined
    }

    private mutating func isTargetEqual(_ operation: Program.Operation) -> Bool {
        let subject = unsafe subject(operation)
        return unsafe Self.areEqual(bytes(of: operation.target), subject)
    }

    private static func areEqual(
        _ left: UnsafeMutableBufferPointer<UInt8>, _ right: UnsafeMutableBufferPointer<UInt8>
    ) -> Bool {
        guard left.count == right.count else { return false }
        guard let l = left.baseAddress, let r = right.baseAddress else {
            return true
        }
        return unsafe memcmp(l, r, left.count) == 0
    }

    // MARK: Writing

    /// Memory for `count` bytes, which lives as long as the run.
    private mutating func reserve(_ count: Int) -> UnsafeMutablePointer<UInt8> {
        if count > freeCount {
            let size = max(4096, count)
            let chunk = UnsafeMutablePointer<UInt8>.allocate(capacity: size)
            unsafe chunks.append(Value(start: chunk, count: size))
            unsafe free = chunk
            freeCount = size
        }
        defer {
            unsafe free += count
            freeCount -= count
        }
        return unsafe free
    }

    private mutating func set(_ slot: Int, _ value: UnsafeMutableBufferPointer<UInt8>) {
        // What is written is often what is there: then nothing changed. Another label set may
        // have another value there, so this does not count where the outcome is kept.
        if !isRecording, unsafe Self.areEqual(bytes(of: slot), value) { return }
        isChanged = true
        if value.isEmpty {
            present &= ~(1 << UInt64(slot))
        } else {
            unsafe values[slot] = Value(start: value.baseAddress, count: value.count)
            present |= 1 << UInt64(slot)
        }
    }

    private mutating func copy(_ bytes: [UInt8]) -> UnsafeMutableBufferPointer<UInt8> {
        let target = unsafe UnsafeMutableBufferPointer(
            start: reserve(bytes.count), count: bytes.count)
        _ = unsafe target.update(fromContentsOf: bytes)
        return unsafe target
    }

    private mutating func replace(_ operation: Program.Operation, _ program: Program) {
        guard operation.target >= 0 else { return replaceNamed(operation, program) }
        if operation.isCopy { return copySlot(operation.sources[0], to: operation.target) }
        let subject = unsafe subject(operation)
        if let constant = operation.constant {
            if unsafe operation.pattern.matches(subject.span) {
                unsafe set(operation.target, copy(constant))
            }
            return
        }
        if let value = unsafe expand(operation.pattern, subject, operation.template) {
            unsafe set(operation.target, value)
        }
    }

    private mutating func copySlot(_ source: Int, to target: Int) {
        if !isRecording, unsafe Self.areEqual(bytes(of: source), bytes(of: target)) { return }
        isChanged = true
        guard isPresent(source) else { return present &= ~(1 << UInt64(target)) }
        unsafe values[target] = values[source]
        present |= 1 << UInt64(target)
    }

    /// The template filled in, or `nil` where the subject does not match.
    private mutating func expand(
        _ pattern: Pattern, _ subject: UnsafeMutableBufferPointer<UInt8>, _ template: Template
    ) -> UnsafeMutableBufferPointer<UInt8>? {
        // Most results are no longer than this; one that is asks for its room and is made again.
        var room = subject.count + 32
        while true {
            let start = unsafe reserve(room)
            var output = unsafe UnsafeMutableBufferPointer(start: start, count: room).mutableSpan
            guard
                let count = unsafe pattern.expand(subject.span, into: template, to: &output)
            else { return nil }
            if count <= room { return unsafe .init(start: start, count: count) }
            room = count
        }
    }

    /// Writes to a label whose name is only known now.
    private mutating func replaceNamed(_ operation: Program.Operation, _ program: Program) {
        let subject = unsafe subject(operation)
        guard
            let name = unsafe expand(operation.pattern, subject, operation.targetTemplate),
            let value = unsafe expand(operation.pattern, subject, operation.template)
        else { return }
        let text = unsafe String(decoding: name, as: UTF8.self)
        guard operation.scheme.allows(labelName: text) else { return }
        unsafe set(text, Value(start: value.baseAddress, count: value.count), program)
    }

    private mutating func set(_ name: String, _ value: Value, _ program: Program) {
        let slot = program.table.slot(of: name.utf8.span)
        isChanged = true
        if slot >= 0 {
            unsafe values[slot] = value
            let bit: UInt64 = 1 << UInt64(slot)
            present = value.count > 0 || value.input >= 0 ? present | bit : present & ~bit
            return
        }
        if !extras.isEmpty { extras.removeAll { $0.name.hasSameBytes(as: name) } }
        var rest = carried
        while rest != 0 {
            let index = rest.trailingZeroBitCount
            rest &= rest - 1
            let other = labels[index].name
            if other.utf8.count == name.utf8.count, other.hasSameBytes(as: name) {
                carried &= ~(1 << UInt64(index))
            }
        }
        if value.count > 0 || value.input >= 0 { extras.append(Extra(name: name, value: value)) }
    }

    private mutating func hash(_ operation: Program.Operation) {
        var number = unsafe Digest.md5Tail(subject(operation).span) % operation.modulus
        // The longest number has twenty digits.
        let digits = unsafe reserve(20)
        var start = 20
        repeat {
            start -= 1
            unsafe digits[start] = UInt8(ascii: "0") + UInt8(number % 10)
            number /= 10
        } while number > 0
        unsafe set(operation.target, .init(start: digits + start, count: 20 - start))
    }

    private mutating func changeCase(_ operation: Program.Operation, upper: Bool) {
        let subject = unsafe subject(operation)
        let changing =
            upper
            ? UInt8(ascii: "a")...UInt8(ascii: "z") : UInt8(ascii: "A")...UInt8(ascii: "Z")
        let result = unsafe UnsafeMutableBufferPointer(
            start: reserve(subject.count), count: subject.count)
        for index in subject.indices {
            let byte = unsafe subject[index]
            if byte >= 0x80 {
                let text = unsafe String(decoding: subject, as: UTF8.self)
                let mapped = upper ? text.simpleUppercase : text.simpleLowercase
                return unsafe set(operation.target, copy(Array(mapped.utf8)))
            }
            unsafe result[index] = changing.contains(byte) ? byte ^ 0x20 : byte
        }
        unsafe set(operation.target, result)
    }

    // MARK: Names

    private mutating func dropNames(_ operation: Program.Operation) {
        let keeps = operation.action == .labelKeep
        var rest = present
        while rest != 0 {
            let slot = rest.trailingZeroBitCount
            rest &= rest - 1
            guard operation.fates[slot] == 1 else { continue }
            present &= ~(1 << UInt64(slot))
            isChanged = true
        }
        rest = carried
        while rest != 0 {
            let index = rest.trailingZeroBitCount
            rest &= rest - 1
            guard operation.pattern.matches(labels[index].name.utf8.span) != keeps else {
                continue
            }
            carried &= ~(1 << UInt64(index))
            isChanged = true
        }
        extras.removeAll { operation.pattern.matches($0.name) != keeps }
    }

    /// Copies labels by name, going by what was there before the rule.
    private mutating func map(_ operation: Program.Operation, _ program: Program) {
        var found: [(source: String, target: String, value: Value)] = []
        func add(_ source: String, _ value: Value) {
            let target = operation.pattern.expand(source, into: operation.template)
            if let target, !target.isEmpty { found.append((source, target, value)) }
        }
        var rest = carried
        while rest != 0 {
            let index = rest.trailingZeroBitCount
            rest &= rest - 1
            unsafe add(labels[index].name, Value(start: nil, input: index))
        }
        for extra in extras { add(extra.name, extra.value) }
        rest = present
        while rest != 0 {
            let slot = rest.trailingZeroBitCount
            rest &= rest - 1
            guard operation.fates[slot] >= 0 else { continue }
            unsafe found.append(
                (program.names[slot], program.names[operation.fates[slot]], values[slot]))
        }
        // In the order of the old names: of two that come to one name the later counts.
        found.sort { $0.source.isBytewiseLess(than: $1.source) }
        for one in found { set(one.target, one.value, program) }
    }

    // MARK: The result

    /// What came of the label set, for others like it too.
    mutating func outcome(_ program: Program) -> Outcome {
        if isDropped { return Outcome(.dropped) }
        guard isChanged else { return Outcome(.unchanged) }
        var entries: [Outcome.Entry] = []
        func add(_ name: String, _ value: Value) {
            let text = value.input < 0 ? label(name, value).value : ""
            entries.append(Outcome.Entry(name: name, input: value.input, text: text))
        }
        var rest = carried
        while rest != 0 {
            let index = rest.trailingZeroBitCount
            rest &= rest - 1
            unsafe add(labels[index].name, Value(start: nil, input: index))
        }
        rest = present
        while rest != 0 {
            let slot = rest.trailingZeroBitCount
            rest &= rest - 1
            unsafe add(program.names[slot], values[slot])
        }
        for extra in extras { add(extra.name, extra.value) }
        entries.sort { $0.name.isBytewiseLess(than: $1.name) }
        return Outcome(.changed(entries))
    }

    /// The label set that the rules left; `nil` where one of them dropped it.
    mutating func result(_ program: Program) -> Labels? {
        if isDropped { return nil }
        if !isChanged { return labels }
        var result: [Label] = []
        result.reserveCapacity(present.nonzeroBitCount + carried.nonzeroBitCount + extras.count)
        // What was there from the start stands in order already: no name has to be compared.
        var added = present
        for index in 0..<labels.count {
            let slot = unsafe Int(slotOfInput[index])
            if slot == Self.noSlot {
                if carried & (1 << UInt64(index)) != 0 { result.append(labels[index]) }
                continue
            }
            added &= ~(1 << UInt64(slot))
            guard isPresent(slot) else { continue }
            let isSame = unsafe values[slot].input == index
            result.append(isSame ? labels[index] : unsafe label(program.names[slot], values[slot]))
        }
        while added != 0 {
            let slot = added.trailingZeroBitCount
            added &= added - 1
            unsafe Self.insert(label(program.names[slot], values[slot]), into: &result)
        }
        for extra in extras { Self.insert(label(extra.name, extra.value), into: &result) }
        return Labels(inOrder: result)
    }

    private static func insert(_ label: Label, into labels: inout [Label]) {
        var (low, high) = (0, labels.count)
        while low < high {
            let middle = (low + high) / 2
            if labels[middle].name.isBytewiseLess(than: label.name) {
                low = middle + 1
            } else {
                high = middle
            }
        }
        labels.insert(label, at: low)
    }

    private func label(_ name: String, _ value: Value) -> Label {
        if value.input >= 0 { return Label(name, labels[value.input].value) }
        return unsafe Label(
            name,
            String(
                decoding: UnsafeBufferPointer(start: value.start, count: value.count),
                as: UTF8.self))
    }
}
