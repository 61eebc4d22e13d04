import Model
import Testing

struct ByteSizeTests {
    @Test(
        arguments: [
            ("0", 0), ("0B", 0), ("1B", 1), ("1KB", 1024), ("512MB", 536_870_912),
            ("1.5GB", 1_610_612_736), ("1GiB", 1_073_741_824), ("1KB1B", 1025),
            ("7EB", 8_070_450_532_247_928_832),
        ] as [(String, Int64)])
    func `a size counts in units of 1024`(text: String, bytes: Int64) throws {
        #expect(try ByteSize(text).bytes == bytes)
    }

    @Test(arguments: ["", "1", "MB", "-1MB", "1mb", "1XB", "8EB", "1..5MB", "1 MB"])
    func `what is no size is refused`(text: String) {
        #expect(throws: ModelError.size(text)) { try ByteSize(text) }
    }

    @Test(arguments: [(0, "0B"), (1, "1B"), (1025, "1025B"), (536_870_912, "512MB")])
    func `a size is written in the largest whole unit`(bytes: Int64, text: String) {
        #expect(ByteSize(bytes: bytes).description == text)
    }
}
