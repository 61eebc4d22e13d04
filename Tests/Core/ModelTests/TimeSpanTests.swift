import Model
import Testing

struct TimeSpanTests {
    @Test(
        arguments: [
            ("0", 0), ("0s", 0), ("1ms", 1), ("30s", 30_000), ("5m", 300_000), ("1h30m", 5_400_000),
            ("15d", 1_296_000_000), ("2w", 1_209_600_000), ("1y", 31_536_000_000),
            ("1y2w3d4h5m6s7ms", 33_019_506_007),
        ] as [(String, Int64)])
    func `a duration reads as Prometheus reads it`(text: String, milliseconds: Int64) throws {
        #expect(try TimeSpan(text).milliseconds == milliseconds)
    }

    @Test(arguments: ["", "5", "-5m", "1.5h", "1m1h", "1m1m", "1 m", "m", "1x", "1mm", "0x"])
    func `what is no duration is refused`(text: String) {
        #expect(throws: ModelError.duration(text)) { try TimeSpan(text) }
    }

    @Test(arguments: ["300y", "99999999999999999999s", "9223372036854775807y"])
    func `a duration beyond what fits is refused`(text: String) {
        #expect(throws: ModelError.durationTooLong(text)) { try TimeSpan(text) }
    }

    @Test(
        arguments: [
            ("0", "0s"), ("90s", "1m30s"), ("24h", "1d"), ("7d", "1w"), ("8d", "8d"),
            ("365d", "1y"), ("366d", "366d"), ("1500ms", "1s500ms"), ("15d", "15d"),
        ])
    func `a span is written as Prometheus writes it`(text: String, written: String) throws {
        #expect(try TimeSpan(text).description == written)
    }
}
