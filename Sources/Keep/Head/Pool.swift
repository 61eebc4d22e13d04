import Glibc

/// Values in a row that grow by a quarter, where an array would double.
@safe struct Pool<Element: BitwiseCopyable>: ~Copyable {
    private var base: UnsafeMutablePointer<Element>?
    private(set) var count = 0
    private var capacity = 0

    init() { unsafe base = nil }

    init(repeating element: Element, count: Int) {
        unsafe base = nil
        append(repeating: element, count: count)
    }

    // Safe: nobody else knows `base`, which came from `realloc`.
    deinit { unsafe free(base) }

    /// What the values take, with the room for more.
    var size: Int { capacity * MemoryLayout<Element>.stride }

    // Safe, in all of these: the index is checked against what was written.
    @inline(__always)
    subscript(index: Int) -> Element {
        get {
            guard index >= 0, index < count, let base = unsafe base else { Self.outside() }
            return unsafe base[index]
        }
        set {
            guard index >= 0, index < count, let base = unsafe base else { Self.outside() }
            unsafe base[index] = newValue
        }
    }

    /// Changes the value at `index` where it lies.
    @inline(__always)
    mutating func update<Result>(at index: Int, _ change: (inout Element) -> Result) -> Result {
        guard index >= 0, index < count, let base = unsafe base else { Self.outside() }
        return unsafe change(&base[index])
    }

    mutating func append(_ element: Element) {
        if count == capacity { reserve(count + 1) }
        guard let base = unsafe base else { Self.outside() }
        unsafe (base + count).initialize(to: element)
        count += 1
    }

    mutating func append(repeating element: Element, count more: Int) {
        guard more > 0 else { return }
        reserve(count + more)
        guard let base = unsafe base else { Self.outside() }
        unsafe (base + count).initialize(repeating: element, count: more)
        count += more
    }

    mutating func append(_ elements: UnsafeBufferPointer<Element>) {
        guard elements.count > 0, let source = elements.baseAddress else { return }
        reserve(count + elements.count)
        guard let base = unsafe base else { Self.outside() }
        // Safe: the elements lie elsewhere; nobody lends out what lies here across a call.
        unsafe (base + count).initialize(from: source, count: elements.count)
        count += elements.count
    }

    /// Leaves only the first `count` values.
    mutating func cut(to count: Int) {
        precondition(count <= self.count, "BUG: the pool is shorter")
        self.count = count
    }

    /// The values in `range`, while `body` runs.
    @inline(__always)
    func withValues<Result>(
        _ range: Range<Int>, _ body: (UnsafeBufferPointer<Element>) -> Result
    ) -> Result {
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "BUG: outside of the pool")
        guard let base = unsafe base else {
            return unsafe body(UnsafeBufferPointer(start: nil, count: 0))
        }
        return unsafe body(
            UnsafeBufferPointer(start: base + range.lowerBound, count: range.count))
    }

    private mutating func reserve(_ wanted: Int) {
        guard wanted > capacity else { return }
        capacity = max(wanted, capacity + capacity / 4 + 8)
        let grown = unsafe realloc(base, capacity * MemoryLayout<Element>.stride)
        guard let grown = unsafe grown else { preconditionFailure("out of memory") }
        unsafe base = grown.bindMemory(to: Element.self, capacity: capacity)
    }

    private static func outside() -> Never { preconditionFailure("BUG: outside of the pool") }
}
