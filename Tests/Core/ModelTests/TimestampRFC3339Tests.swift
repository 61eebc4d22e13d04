import Model
import Testing

struct TimestampRFC3339Tests {
    @Test(
        arguments: [
            ("1970-01-01T00:00:00Z", 0), ("1970-01-01", 0), ("2027-01-01", 1_798_761_600_000),
            ("2026-01-02T03:04:05.678Z", 1_767_323_045_678),
            ("2026-01-02T03:04:05.6789999Z", 1_767_323_045_678),
            ("2026-01-02t04:04:05.5+01:00", 1_767_323_045_500),
            ("2026-01-01 22:04:05-05:00", 1_767_323_045_000),
            ("2024-02-29", 1_709_164_800_000), ("1969-12-31T23:59:59.999Z", -1),
            ("0000-03-01", -62_162_035_200_000),
            ("2023-02-29", nil), ("2026-02-30", nil), ("2026-13-01", nil), ("2026-00-01", nil),
            ("2026-01-00", nil), ("2026-1-1", nil), ("2026-01-01T", nil),
            ("2026-01-01T00:00Z", nil),
            ("2026-01-01T00:00:00", nil), ("2026-01-01T24:00:00Z", nil),
            ("2026-01-01T00:60:00Z", nil), ("2026-01-01T00:00:00.Z", nil),
            ("2026-01-01T00:00:00Zx", nil), ("", nil), ("tomorrow", nil),
        ] as [(String, Int64?)])
    func `an instant reads as RFC 3339 has it`(text: String, milliseconds: Int64?) {
        #expect(Timestamp(rfc3339: text)?.milliseconds == milliseconds)
    }

    @Test func `what is written reads back`() {
        for milliseconds in stride(
            from: -5_000_000_000_123, to: 9_000_000_000_000 as Int64, by: 7_777_777_777)
        {
            let time = Timestamp(milliseconds: milliseconds)
            #expect(Timestamp(rfc3339: time.description) == time)
        }
    }
}
