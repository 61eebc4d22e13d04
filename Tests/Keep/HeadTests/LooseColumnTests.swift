import Model
import Testing

@testable import Head

struct LooseColumnTests {
    @Test(arguments: [0, 5, 100, 100_000])
    func `samples in any order come back by time, the newest of an instant`(lateness: Int) {
        var random = Seeded(UInt64(lateness))
        var column = LooseColumn()
        var told: [Timestamp: Double] = [:]
        for step in 0..<700 {
            let late = lateness == 0 ? 0 : Int.random(in: 0...lateness, using: &random)
            let time = Timestamp.at((step - late) * 10)
            let value =
                step % 9 == 0 ? Double(bitPattern: random.next()) : Double(step).squareRoot()
            column.insert(value, at: time)
            told[time] = value
            if step % 100 == 99 {
                column.drop(before: .at((step - 300) * 10))
                told = told.filter { $0.key >= .at((step - 300) * 10) }
            }
        }
        let expected = told.sorted { $0.key < $1.key }
        let all = column.samples(in: ever)
        #expect(all.map(\.time) == expected.map(\.key))
        #expect(all.map(\.value.bitPattern) == expected.map(\.value.bitPattern))
        #expect(column.first == expected.first?.key)
        #expect(column.newest?.time == expected.last?.key)
        let range = Timestamp.at(4500)...(.at(6000))
        #expect(
            column.samples(in: range).map(\.time)
                == expected.map(\.key).filter { range.contains($0) })
        column.drop(before: .distantFuture)
        #expect(column.isEmpty)
    }
}
