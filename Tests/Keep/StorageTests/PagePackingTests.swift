import Testing

@testable import Storage

struct PagePackingTests {
    @Test func `every row is written once, and pages are nearly full`() {
        var random = SeededRandom(seed: 5)
        let sizes = (0..<5000).map { _ in
            [44, 52, 300, 1500, 2950, 3900, 7800][Int(random.next() % 7)]
        }
        let order = PagePacking.order(sizes)
        #expect(order.sorted() == Array(0..<5000))
        var pages = 1
        var free = 8168
        for index in order {
            if sizes[index] > free {
                pages += 1
                free = 8168
            }
            free -= sizes[index]
        }
        let least = Double(sizes.reduce(0, +)) / 8168
        #expect(Double(pages) < least * 1.08)
        #expect(PagePacking.order([]) == [])
        #expect(PagePacking.order([9000, 9000]) == [0, 1])
    }

    @Test func `rows of one size keep their order`() {
        #expect(PagePacking.order(Array(repeating: 52, count: 900)) == Array(0..<900))
    }
}
