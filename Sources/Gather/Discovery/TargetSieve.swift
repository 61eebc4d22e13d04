/// Tells targets that come for the first time from those that are there already.
///
/// It holds places and no targets: a hundred thousand are looked through in a few milliseconds.
struct TargetSieve {
    /// Places in the list, from 1; 0 is free.
    ///
    /// Their number is a power of two.
    private var slots: [Int32]

    /// Room for `capacity` targets, no two the same.
    init(capacity: Int) {
        var size = 16
        while size < capacity * 2 { size *= 2 }
        slots = [Int32](repeating: 0, count: size)
    }

    /// Whether `target` is not in `list`, which holds what was taken so far; it goes there next.
    mutating func takes(_ target: borrowing ScrapeTarget, after list: [ScrapeTarget]) -> Bool {
        let mask = slots.count - 1
        // FNV's high bits are the better ones.
        var slot = Int(truncatingIfNeeded: target.hash ^ target.hash >> 32) & mask
        while slots[slot] != 0 {
            let known = Int(slots[slot]) - 1
            if list[known].hash == target.hash, list[known] == copy target { return false }
            slot = (slot + 1) & mask
        }
        slots[slot] = Int32(list.count + 1)
        return true
    }
}
