import Model
import Testing

@testable import Scraping

struct ScrapeScheduleTests {
    @Test(arguments: [1, 250, 1000, 15_000, 30_000, 3_600_000])
    func `ticks are one interval apart, and the next is after now`(interval: Int64) {
        let schedule = ScrapeSchedule(
            interval: TimeSpan(milliseconds: interval), hash: 0x1234_5678_9abc_def0)
        var now: Int64 = 1_700_000_000_123_456_789
        var last: Timestamp?
        for _ in 0..<5 {
            let tick = schedule.tick(after: now)
            #expect(tick.milliseconds * 1_000_000 > now)
            if let last { #expect(tick.milliseconds - last.milliseconds == interval) }
            (last, now) = (tick, tick.milliseconds * 1_000_000)
        }
    }

    @Test func `the phase is the same in every process and spreads targets`() {
        let phases = (0..<1000).map { number in
            let key = ClockKey(
                kind: .scrape, name: "node", place: "http://10.0.0.\(number):9100/metrics")
            return ScrapeSchedule(interval: .seconds(10), hash: key.phaseHash).phase
        }
        #expect(phases[0] == 5455 && phases[1] == 3700)
        for tenth in 0..<10 {
            let count = phases.filter { $0 / 1000 == tenth }.count
            #expect((60...140).contains(count))
        }
    }

    /// Offsets in microseconds.
    @Test(
        arguments: [
            (15_000, 1999, true), (15_000, 2001, false), (100, 900, true), (100, 1100, false),
            (60_000, 0, true),
        ] as [(Int64, Int64, Bool)])
    func `a scrape that began close to its tick bears the tick's time`(
        interval: Int64, offset: Int64, isPlanned: Bool
    ) {
        let schedule = ScrapeSchedule(interval: TimeSpan(milliseconds: interval), hash: 7)
        let planned = schedule.tick(after: 1_700_000_000_000_000_000)
        let began = planned.milliseconds * 1_000_000 + offset * 1000
        let time = schedule.timestamp(planned: planned, began: began)
        #expect(time.milliseconds == (isPlanned ? planned.milliseconds : began / 1_000_000))
    }

    @Test func `ticks that passed are counted`() {
        let schedule = ScrapeSchedule(interval: .seconds(1), hash: 7)
        let first = schedule.tick(after: 1_700_000_000_000_000_000)
        let start = first.milliseconds * 1_000_000
        #expect(schedule.ticks(after: first, upTo: start + 999_000_000) == 0)
        #expect(schedule.ticks(after: first, upTo: start + 3_100_000_000) == 3)
        #expect(schedule.ticks(after: first, upTo: start - 5_000_000_000) == 0)
    }
}
