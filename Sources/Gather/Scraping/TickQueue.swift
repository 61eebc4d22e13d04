import Model

/// Who is to be looked at next: a heap by time.
///
/// Entries are not taken out when plans change; whoever takes one compares it with the plan.
struct TickQueue<Element> {
    struct Entry {
        let time: Timestamp
        let element: Element
    }

    private var heap: [Entry] = []

    init() {}

    /// The earliest time in it.
    var next: Timestamp? { heap.first?.time }

    mutating func add(_ element: Element, at time: Timestamp) {
        heap.append(Entry(time: time, element: element))
        var child = heap.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard heap[child].time < heap[parent].time else { return }
            heap.swapAt(child, parent)
            child = parent
        }
    }

    /// Takes the earliest entry out, if its time has come.
    mutating func take(dueBy now: Timestamp) -> Entry? {
        guard let first = heap.first, first.time <= now else { return nil }
        let last = heap.removeLast()
        guard !heap.isEmpty else { return first }
        heap[0] = last
        var parent = 0
        while true {
            let left = parent * 2 + 1
            guard left < heap.count else { break }
            let right = left + 1
            let child = right < heap.count && heap[right].time < heap[left].time ? right : left
            guard heap[child].time < heap[parent].time else { break }
            heap.swapAt(child, parent)
            parent = child
        }
        return first
    }
}
