import Glibc

// Safe to share: the memory belongs to this value alone, which cannot be copied.
/// Numbers one behind the other, in memory that no reference count guards.
///
/// An array would ask at each append whether somebody else holds it too.
@safe struct Column<Element: BitwiseCopyable & Sendable>: ~Copyable, @unchecked Sendable {
    private var base: UnsafeMutablePointer<Element>
    private var capacity = 0
    private(set) var count = 0

    /// An empty column takes no memory.
    init() { unsafe base = Self.nowhere }

    deinit {
        if capacity > 0 { unsafe base.deallocate() }
    }

    /// What an empty column points to: never read, and never given back.
    private static var nowhere: UnsafeMutablePointer<Element> {
        let address = MemoryLayout<Element>.alignment
        guard let pointer = unsafe UnsafeMutablePointer<Element>(bitPattern: address) else {
            preconditionFailure("BUG: an alignment of nothing")
        }
        return unsafe pointer
    }

    var isEmpty: Bool { count == 0 }
    var last: Element? { count == 0 ? nil : self[count - 1] }

    /// What is held, for as long as nobody changes it.
    @unsafe var elements: UnsafeBufferPointer<Element> {
        @inline(__always) get { unsafe UnsafeBufferPointer(start: base, count: count) }
    }

    subscript(index: Int) -> Element {
        @inline(__always)
        get {
            precondition(index >= 0 && index < count, "BUG: a place behind the column's end")
            // Safe: the place was looked at.
            return unsafe base[index]
        }
        @inline(__always)
        set {
            precondition(index >= 0 && index < count, "BUG: a place behind the column's end")
            // Safe: the place was looked at.
            unsafe base[index] = newValue
        }
    }

    @inline(__always)
    mutating func append(_ element: Element) {
        if count == capacity { makeRoom(for: 1) }
        // Safe: there is room for one more.
        unsafe (base + count).initialize(to: element)
        count &+= 1
    }

    /// Adds the elements of `span`.
    @inline(__always)
    mutating func append(_ span: Span<Element>) {
        guard !span.isEmpty else { return }
        if capacity - count < span.count { makeRoom(for: span.count) }
        // Safe: there is room for all of them, and they are copied before the closure ends.
        unsafe span.withUnsafeBufferPointer {
            guard let start = $0.baseAddress else { return }
            unsafe (base + count).initialize(from: start, count: $0.count)
        }
        count &+= span.count
    }

    /// Adds some elements of `array`.
    mutating func append(_ array: [Element], _ range: Range<Int>) {
        append(array.span.extracting(range))
    }

    /// Adds `element` so often that `count` are held.
    mutating func fill(_ element: Element, upTo count: Int) {
        while self.count < count { append(element) }
    }

    /// Makes room, so that the next `more` elements can be added without a move.
    @inline(never)
    mutating func makeRoom(for more: Int) {
        guard capacity - count < more else { return }
        move(to: max(16, capacity * 2, count + more))
    }

    /// Gives back what is held for elements to come, where it is worth it.
    mutating func trim() {
        if capacity - count > 16 + count / 16 { move(to: count) }
    }

    private mutating func move(to larger: Int) {
        // Safe: what is held moves to the new memory, and the old one is given back.
        let moved =
            larger > 0
            ? UnsafeMutablePointer<Element>.allocate(capacity: larger) : unsafe Self.nowhere
        unsafe moved.moveInitialize(from: base, count: count)
        if capacity > 0 { unsafe base.deallocate() }
        unsafe base = moved
        capacity = larger
    }

    /// Adds zero bytes until `count` elements are held, for elements that all bits zero are valid of.
    mutating func zero(upTo count: Int) {
        let more = count - self.count
        guard more > 0 else { return }
        makeRoom(for: more)
        // Safe: there is room, and numbers may have any bits.
        unsafe memset(base + self.count, 0, more * MemoryLayout<Element>.stride)
        self.count = count
    }

    mutating func removeLast(_ many: Int = 1) {
        precondition(many >= 0 && many <= count, "BUG: fewer elements than are to be removed")
        count -= many
    }

    mutating func removeAll() { count = 0 }

    /// Puts what is held here in place of what `array` holds.
    func replace(_ array: inout [Element]) {
        array.removeAll(keepingCapacity: true)
        // Safe: the elements are copied at once.
        unsafe array.append(contentsOf: elements)
    }
}
