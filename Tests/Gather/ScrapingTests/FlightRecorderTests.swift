import Exposition
import Model
import Testing

@testable import Scraping

struct FlightRecorderTests {
    private func body(_ text: String, at time: Int64) -> RecordedBody {
        var recording = BodyRecording()
        recording.append(text.utf8Span.span)
        return RecordedBody(
            recording, time: Timestamp(milliseconds: time), error: "e", byteCount: text.utf8.count)
    }

    private func key(_ number: Int) -> ClockKey {
        ClockKey(kind: .scrape, name: "j", place: "\(number)")
    }

    @Test func `what was kept comes back byte for byte`() {
        var recorder = FlightRecorder()
        recorder.keep(body("one\n", at: 1), of: key(1))
        recorder.keep(body("two\n", at: 2), of: key(1))
        #expect(recorder[key(1)]?.bytes() == Array("two\n".utf8))
        recorder.forget(key(1))
        #expect(recorder[key(1)] == nil)
    }

    @Test func `the oldest make room for new ones`() {
        var recorder = FlightRecorder(limit: 4000)
        for number in 0..<100 { recorder.keep(body("x", at: Int64(number)), of: key(number)) }
        #expect(recorder[key(99)] != nil && recorder[key(98)] != nil)
        #expect(recorder[key(0)] == nil)
        #expect((0..<100).filter { recorder[key($0)] != nil }.count < 20)
    }

    @Test func `more than a mebibyte of one body is not kept`() {
        var recording = BodyRecording()
        let piece = [UInt8](repeating: 97, count: 700_000)
        recording.append(piece.span)
        #expect(!recording.isCut)
        recording.append(piece.span)
        #expect(recording.isCut && recording.bytes.count == 1 << 20)
    }

    @Test(arguments: [
        (
            "# HELP a b\n# TYPE a gauge\na{x=\"y\"} 1.50\n\nb  2e3 1234\n# end\n",
            ExpositionFormat.text004
        ),
        ("# TYPE a counter\na_total 1.0\n# EOF\n", .openMetrics100),
    ])
    func `a good body is put together again as it was`(text: String, format: ExpositionFormat)
        throws
    {
        var parser = ScrapeParser()
        let none = parser.lastBody()
        #expect(none == nil)
        for _ in 0..<3 {
            try parser.read(text.utf8Span.span, as: format)
            let body = parser.lastBody() ?? []
            #expect(String(decoding: body, as: UTF8.self) == text)
        }
        let other = text.replacing("1.", with: "7.")
        try parser.read(other.utf8Span.span, as: format)
        let changed = parser.lastBody() ?? []
        #expect(String(decoding: changed, as: UTF8.self) == other)
        do throws(ExpositionError) {
            try parser.read("{".utf8Span.span, as: format)
            Issue.record("a bad body was read")
        } catch {
            let bad = parser.lastBody()
            #expect(bad == nil)
        }
    }
}
