import Model
import Testing

@testable import Access

struct FailureLimiterTests {
    private let start = Timestamp(milliseconds: 1_000_000)

    @Test func `after a burst a neighbour waits for the next attempt`() throws {
        var limiter = FailureLimiter(burst: 3, refill: .seconds(6))
        let address = try IPAddress("192.0.2.1")
        for _ in 0..<2 { limiter.noteFailure(from: address, now: start) }
        #expect(limiter.wait(for: address, now: start) == nil)
        limiter.noteFailure(from: address, now: start)
        #expect(limiter.wait(for: address, now: start) == .seconds(6))
        #expect(limiter.wait(for: address, now: start + .seconds(5)) == .seconds(1))
        #expect(limiter.wait(for: address, now: start + .seconds(6)) == nil)
        #expect(limiter.wait(for: try IPAddress("192.0.2.2"), now: start) == nil)
    }

    @Test func `however many fail, the wait does not grow`() throws {
        var limiter = FailureLimiter(burst: 3, refill: .seconds(6))
        let address = try IPAddress("192.0.2.1")
        for _ in 0..<1000 { limiter.noteFailure(from: address, now: start) }
        #expect(limiter.wait(for: address, now: start) == .seconds(6))
    }

    @Test func `of IPv6 a whole 64 is one neighbour`() throws {
        var limiter = FailureLimiter(burst: 1, refill: .seconds(6))
        limiter.noteFailure(from: try IPAddress("2001:db8::1"), now: start)
        #expect(limiter.wait(for: try IPAddress("2001:db8::2"), now: start) != nil)
        #expect(limiter.wait(for: try IPAddress("2001:db8:0:1::2"), now: start) == nil)
    }

    @Test func `a clock that was set back does not lock anybody out for hours`() throws {
        var limiter = FailureLimiter(burst: 1, refill: .seconds(6))
        let address = try IPAddress("192.0.2.1")
        limiter.noteFailure(from: address, now: start)
        let wait = limiter.wait(for: address, now: start - .hours(5))
        #expect(wait == .seconds(6))
    }
}
