import Model
import Telemetry
import Testing
import Threads

struct LogTests {
    @Test(
        arguments: [
            (
                LogFormat.logfmt,
                #"ts=2026-01-02T03:04:05.678Z level=warn module=scraping msg="scrape failed" "#
                    + #"target=http://db1:9100/metrics error="a \"b\"\n" empty="""# + "\n"
            ),
            (
                .json,
                #"{"ts":"2026-01-02T03:04:05.678Z","level":"warn","module":"scraping","#
                    + #""msg":"scrape failed","target":"http://db1:9100/metrics","#
                    + #""error":"a \"b\"\n","empty":""}"# + "\n"
            ),
        ])
    func `a line holds its facts, escaped`(format: LogFormat, text: String) {
        let line = LogLine(
            time: Timestamp(milliseconds: 1_767_323_045_678), level: .warn,
            message: "scrape failed",
            fields: [
                ("target", "http://db1:9100/metrics"), ("module", "scraping"),
                ("error", "a \"b\"\n"), ("empty", ""),
            ])
        #expect(line.text(as: format) == text)
    }

    @Test func `lines below the level are not written`() {
        let lines = Locked<[String]>([])
        let log = Log(level: .warn) { line in lines.withLock { $0.append(line.message) } }
        log.debug("a")
        log.info("b")
        log.warn("c")
        log.module("x").error("d")
        #expect(lines.withLock { $0 } == ["c", "d"])
    }

    @Test func `a repeated warning is written once a minute, with the count held back`() {
        let throttle = LogThrottle()
        func heldBack(_ key: String, _ seconds: Int64) -> Int? {
            throttle.heldBack(key: key, now: Timestamp(milliseconds: seconds * 1000))
        }
        #expect(heldBack("a", 0) == 0)
        #expect(heldBack("a", 30) == nil)
        #expect(heldBack("b", 30) == 0)
        #expect(heldBack("a", 59) == nil)
        #expect(heldBack("a", 60) == 2)
        #expect(heldBack("a", 61) == nil)
        // A clock that was set back must not silence a key for hours.
        #expect(heldBack("a", 10) == 1)
    }
}
