import Glibc
import Model
import Processes
import TestKit
import Testing

@testable import Spool

struct SpoolTests {
    private let folder: TemporaryFolder
    private let path: String

    init() throws {
        folder = try TemporaryFolder("spool")
        path = folder.file("spool")
    }

    private func note(_ first: Int64, _ last: Int64, samples: Int) -> RecordNote {
        RecordNote(
            times: Timestamp(milliseconds: first)...Timestamp(milliseconds: last),
            samples: samples)
    }

    private func options(bytes: Int = 4 << 30, segment: Int = 64 << 20) -> SpoolOptions {
        var options = SpoolOptions()
        (options.byteLimit, options.segmentBytes) = (bytes, segment)
        return options
    }

    private func add(_ text: String, _ time: Int64, to spool: Spool) throws {
        try spool.append(Array(text.utf8).span, note(time, time, samples: 1))
    }

    /// All that comes out, finished one by one.
    private func drain(_ spool: Spool) throws -> [String] {
        var texts: [String] = []
        while let record = try spool.next() {
            texts.append(String(decoding: record.payload, as: UTF8.self))
            spool.finish(record)
        }
        return texts
    }

    private var files: [String] { Files.names(in: path).filter { $0.hasSuffix(".spool") } }

    /// Bytes of a file, changed by `change`.
    private func change(_ name: String, _ change: (inout [UInt8]) -> Void) throws {
        let file = try DataFile(path + "/" + name)
        var bytes = try file.read(try file.size(), at: 0)
        change(&bytes)
        try file.cut(to: 0)
        try file.write(bytes.span, at: 0)
    }

    @Test func `what goes in comes out in its order, also after a restart`() throws {
        do {
            let spool = try Spool(path, options: options(segment: 100))
            for number in 0..<7 { try add("record \(number)", Int64(number), to: spool) }
            try spool.sync()
            #expect(spool.recordCount == 7)
            #expect(spool.note == note(0, 6, samples: 7))
            let first = try #require(try spool.next())
            #expect(try spool.next() == first)
            spool.finish(first)
            #expect(spool.note == note(1, 6, samples: 6))
        }
        let spool = try Spool(path, options: options(segment: 100))
        #expect(spool.takeEvents() == [])
        // The file of the first record is still there: it comes once more.
        let all = try drain(spool)
        #expect(all.suffix(6) == (1..<7).map { "record \($0)" }[...])
        #expect(spool.recordCount == 0)
        #expect(spool.note == nil)
        #expect(files.isEmpty)
        try add("later", 9, to: spool)
        #expect(try drain(spool) == ["later"])
    }

    @Test func `a record that was not written to its end is cut off`() throws {
        do {
            let spool = try Spool(path)
            for text in ["one", "two", "three"] { try add(text, 1, to: spool) }
        }
        let name = try #require(files.first)
        for cut in [1, RecordHead.size + 1] {
            let copy = path + "/" + name
            let size = try DataFile(copy).size()
            try DataFile(copy).cut(to: size - cut)
            let spool = try Spool(path)
            let events = spool.takeEvents()
            guard case .cut(1, let bytes) = events.first, events.count == 1 else {
                Issue.record("\(events)")
                return
            }
            #expect(bytes > 0)
            #expect(try DataFile(copy).size() == size - cut - bytes)
        }
        #expect(try drain(try Spool(path)) == ["one"])
    }

    @Test(arguments: ["head", "payload"])
    func `a damaged record is set aside, and those behind it come out`(part: String) throws {
        do {
            let spool = try Spool(path)
            for text in ["first", "second", "third"] { try add(text, 1, to: spool) }
        }
        let size = RecordHead.size + 5
        let second = Segment.header.count + size
        try change(try #require(files.first)) { bytes in
            bytes[second + (part == "head" ? 10 : RecordHead.size + 2)] ^= 1
        }
        let spool = try Spool(path)
        #expect(try drain(spool) == ["first", "third"])
        let known = part == "head" ? nil : note(1, 1, samples: 1)
        #expect(
            spool.takeEvents() == [
                .damaged(segment: 1, offset: second, bytes: size + 1, note: known)
            ])
        #expect(Files.names(in: path + "/damaged") == ["1-\(second)"])
    }

    @Test func `past the bound the oldest file goes, and says what it held`() throws {
        let size = RecordHead.size + 10
        let spool = try Spool(path, options: options(bytes: 5 * size, segment: 2 * size))
        for number in 0..<20 { try add("record \(100 + number)", Int64(number), to: spool) }
        #expect(spool.byteCount <= 5 * size)
        var lost = 0
        var last: Int64 = -1
        for event in spool.takeEvents() {
            guard case .dropped(_, let note?, _) = event else {
                Issue.record("\(event)")
                continue
            }
            lost += note.samples
            #expect(note.times.lowerBound.milliseconds == last + 1)
            last = note.times.upperBound.milliseconds
        }
        let left = try drain(spool)
        #expect(lost + left.count == 20)
        #expect(left == (lost..<20).map { "record \(100 + $0)" })
    }

    @Test func `what is too old goes`() throws {
        var options = options(segment: 40)
        options.ageLimit = .seconds(10)
        let spool = try Spool(path, options: options)
        for time in [1_000, 2_000, 50_000] as [Int64] { try add("x", time, to: spool) }
        spool.keepBounds(now: Timestamp(milliseconds: 60_000))
        #expect(spool.note == note(50_000, 50_000, samples: 1))
        #expect(spool.takeEvents().count == 2)
    }

    @Test func `a spool belongs to one process at a time`() throws {
        let spool = try Spool(path)
        #expect(throws: SpoolError.inUse(folder: path, process: Int(getpid()))) {
            try Spool(path)
        }
        try add("x", 1, to: spool)
    }

    @Test func `a record that means nothing to its owner is set aside`() throws {
        let spool = try Spool(path)
        try add("a", 1, to: spool)
        try add("b", 2, to: spool)
        spool.setAside(try #require(try spool.next()))
        #expect(try drain(spool) == ["b"])
    }

    @Test func `looking changes nothing, and a thorough look finds a changed byte`() throws {
        let spool = try Spool(path)
        for text in ["one", "two"] { try add(text, 5, to: spool) }
        try change(try #require(files.first)) { $0[$0.count - 1] ^= 0x80 }
        let quick = try Spool.look(at: path, isThorough: false)
        #expect(quick.map(\.records) == [2])
        #expect(quick.first?.note == note(5, 5, samples: 2))
        let thorough = try Spool.look(at: path, isThorough: true)
        #expect(thorough.map(\.records) == [1])
        #expect(thorough.first?.damagedBytes == RecordHead.size + 3)
        #expect(Files.kind(of: path + "/damaged") == .nothing)
    }

    /// Appends, takes out, crashes and damage in any order, beside a list in memory.
    @Test(arguments: 0..<6)
    func `nothing comes out that did not go in, and nothing is lost untold`(seed: UInt64) throws {
        var random = Chance(state: seed &* 7919 + 1)
        var spool: Spool? = try Spool(path, options: options(segment: 400))
        var model: [String] = []
        var lostAllowed = 0
        var out: [String] = []
        for step in 0..<300 {
            switch random.below(10) {
            case 0..<5:
                let text = "\(step)-" + String(repeating: "y", count: random.below(60))
                try add(text, Int64(step), to: #require(spool))
                model.append(text)
            case 5..<8:
                guard let record = try spool?.next() else { break }
                out.append(String(decoding: record.payload, as: UTF8.self))
                spool?.finish(record)
            default:
                // The process goes; sometimes the last bytes did not reach the disk, or changed.
                let count = spool?.recordCount ?? 0
                spool = nil
                if random.below(2) == 0, count > 0, let name = files.last {
                    try change(name) { bytes in
                        guard bytes.count > Segment.header.count + 4 else { return }
                        if random.below(2) == 0 {
                            bytes.removeLast(1 + random.below(3))
                        } else {
                            let room = bytes.count - Segment.header.count
                            bytes[Segment.header.count + random.below(room)] ^= 4
                        }
                        lostAllowed += 1
                    }
                }
                spool = try Spool(path, options: options(segment: 400))
            }
        }
        out += try drain(try #require(spool))
        // A file comes out again from its first record: twice is allowed, and never out of order.
        let seen = Set(out)
        #expect(seen.isSubset(of: model))
        #expect(model.count - seen.count <= lostAllowed)
    }

    private struct Chance {
        var state: UInt64
        mutating func below(_ limit: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % limit
        }
    }
}
