import TestKit
import Testing

@testable import Processes

struct DataFileTests {
    @Test func `a file grows at its end, is read anywhere, and is cut`() throws {
        let folder = try TemporaryFolder("data")
        let file = try DataFile(folder.file("a"), makes: true)
        try file.write([1, 2, 3].span, at: 0)
        try file.write([4, 5].span, at: 3)
        try file.sync()
        #expect(try file.size() == 5)
        #expect(try file.read(10, at: 1) == [2, 3, 4, 5])
        #expect(try file.read(2, at: 9) == [])
        try file.cut(to: 2)
        #expect(try DataFile(folder.file("a")).read(9, at: 0) == [1, 2])
        try Files.syncFolder(folder.path)
        #expect(throws: ProcessError.self) { _ = try DataFile(folder.file("a"), makes: true) }
        #expect(throws: ProcessError.self) { _ = try DataFile(folder.file("b")) }
    }

    @Test func `the checksum is that of the standard, with and without the processor's help`() {
        let text = Array("123456789".utf8)
        #expect(Checksum.crc32c(text.span) == 0xe306_9283)
        #expect(Checksum.portableCRC32C(text.span) == 0xe306_9283)
        var bytes: [UInt8] = []
        for number in 0..<300 {
            bytes.append(UInt8(truncatingIfNeeded: number &* 31))
            #expect(Checksum.crc32c(bytes.span) == Checksum.portableCRC32C(bytes.span))
        }
        let half = Checksum.crc32c(Array(bytes[..<100]).span)
        #expect(
            Checksum.crc32c(Array(bytes[100...]).span, after: half) == Checksum.crc32c(bytes.span))
    }
}
