// Safe to share: what was copied is never written again.
/// Stretches of memory that live as long as it does, and that no reference counting reaches.
@safe final class PlanMemory: @unchecked Sendable {
    private var blocks: [UnsafeMutableRawBufferPointer]

    init() { unsafe blocks = [] }

    deinit {
        // Safe: nobody else frees them.
        for index in unsafe blocks.indices { unsafe blocks[index].deallocate() }
    }

    /// A copy of `elements`.
    func copy<Element: BitwiseCopyable>(_ elements: [Element]) -> UnsafeBufferPointer<Element> {
        let copy = UnsafeMutableBufferPointer<Element>.allocate(capacity: elements.count)
        _ = unsafe copy.initialize(from: elements)
        unsafe blocks.append(UnsafeMutableRawBufferPointer(copy))
        return UnsafeBufferPointer(copy)
    }
}
