import Head

/// Puts rows into an order in which they fill the server's pages.
///
/// Large chunks stand between small ones, and where a large one does not fit any more a page would
/// stay half empty. Rows from a little further on fill it; an index leads to each row anyway.
enum PagePacking {
    /// What a page of 8 kB has for rows and the pointers to them.
    private static let room = 8168
    /// The smallest chunk, with its pointer.
    private static let smallest = 44
    /// How far ahead it looks.
    private static let reach = 400

    /// The places of rows with these sizes in the order in which they should be written.
    static func order(_ sizes: [Int]) -> [Int] {
        var order: [Int] = []
        order.reserveCapacity(sizes.count)
        var isTaken = [Bool](repeating: false, count: sizes.count)
        var head = 0
        while head < sizes.count {
            var free = room
            var next = head
            var looked = 0
            while next < sizes.count, free >= smallest, looked < reach {
                if !isTaken[next] {
                    looked += 1
                    // The first row of a page goes whatever its size.
                    if sizes[next] <= free || free == room {
                        isTaken[next] = true
                        order.append(next)
                        free -= sizes[next]
                    }
                }
                next += 1
            }
            while head < sizes.count, isTaken[head] { head += 1 }
        }
        return order
    }
}

extension ChunkRow {
    /// What the row takes in a page, with the pointer to it.
    var pageBytes: Int {
        var size = 24 + 16
        if chunk.base.bitPattern != 0 { size += 8 }
        if chunk.slope.bitPattern != 0 { size += 8 }
        if let bytes = chunk.bytes { size += 4 + bytes.count }
        if let exact = chunk.exact {
            let present = exact.count { !$0.isAbsent }
            let nulls = present < exact.count ? (exact.count + 7) / 8 : 0
            size += (24 + nulls + 7) / 8 * 8 + present * 8
        }
        return (size + 7) / 8 * 8 + 4
    }
}
