import Glibc
import TestKit
import Testing

@testable import HTTPFetch

struct NameTableTests {
    private typealias Instant = ContinuousClock.Instant
    private let start = ContinuousClock.now

    private func transfer(timeout: Duration = .seconds(10)) throws -> Transfer {
        let request = try HTTPRequest("http://some.test/")
        return Transfer(
            TransferPlan(request: request), deadline: start + timeout, reader: CountingReader()
        ) { _ in }
    }

    /// What a step says: the addresses, or `wait` or `fail`; with `?` where the name is asked for.
    private func step(_ table: inout NameTable, at seconds: Int) throws -> String {
        var mark = ""
        let step = table.step(
            try transfer(), to: "some.test", now: start + .seconds(seconds)
        ) { _ in mark = "?" }
        switch step {
        case .go(let addresses): return addresses.joined(separator: ",") + mark
        case .wait: return "wait" + mark
        case .fail: return "fail" + mark
        }
    }

    private func note(
        _ table: inout NameTable, _ answer: NameLookup.Answer, at seconds: Int
    ) -> Int {
        table.note(answer, of: "some.test", now: start + .seconds(seconds)).count
    }

    @Test func `a name is asked for once, and again beside its use`() throws {
        var table = NameTable()
        #expect(try step(&table, at: 0) == "wait?")
        #expect(try step(&table, at: 0) == "wait")
        #expect(table.waitingCount == 2)
        #expect(note(&table, .addresses(["10.0.0.1"]), at: 0) == 2)
        #expect(try step(&table, at: 59) == "10.0.0.1")
        #expect(try step(&table, at: 60) == "10.0.0.1?")
        #expect(try step(&table, at: 61) == "10.0.0.1")
        #expect(note(&table, .addresses(["10.0.0.2"]), at: 62) == 0)
        #expect(try step(&table, at: 63) == "10.0.0.2")
        #expect(try step(&table, at: 62 + 120) == "wait?")
    }

    @Test func `a name server that fails leaves known addresses in use`() throws {
        var table = NameTable()
        _ = try step(&table, at: 0)
        _ = note(&table, .addresses(["10.0.0.1"]), at: 0)
        for second in stride(from: 60, to: 1000, by: 59) {
            #expect(try step(&table, at: second) == "10.0.0.1?")
            _ = note(&table, .failed, at: second)
        }
        _ = try step(&table, at: 1001)
        _ = note(&table, .unknown, at: 1001)
        #expect(try step(&table, at: 1001) == "fail")
        #expect(try step(&table, at: 1002) == "wait?")
    }

    @Test func `who waits too long or is cancelled waits no longer`() throws {
        var table = NameTable()
        let (short, long) = (try transfer(timeout: .seconds(1)), try transfer())
        for one in [short, long] { _ = table.step(one, to: "a", now: start) { _ in } }
        #expect(table.takeLate(now: start + .seconds(1)).map { $0 === short } == [true])
        long.isCancelled = true
        #expect(table.takeLate(now: start + .seconds(1)).map { $0 === long } == [true])
        #expect(table.waitingCount == 0)
    }

    @Test func `the system knows this machine's name`() {
        #expect(NameLookup.addresses(of: "no-such-host.invalid") != .addresses([]))
        guard case .addresses(let addresses) = NameLookup.addresses(of: "localhost") else {
            Issue.record("localhost has no address")
            return
        }
        #expect(addresses.contains("127.0.0.1") || addresses.contains("[::1]"))
    }

    @Test func `a name leads to its host`() async throws {
        // The machine's own name, which libcurl does not know by itself.
        var bytes = [CChar](repeating: 0, count: 256)
        gethostname(&bytes, 255)
        let text = bytes.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        let name = String(decoding: text, as: UTF8.self).lowercased()
        guard case .addresses(let addresses) = NameLookup.addresses(of: name),
            addresses.contains("127.0.0.1")
        else { return }
        let server = try ScriptedServer.answering { _ in ScriptedAnswer(body: "found") }
        let answer = try await HTTPClient().fetch(HTTPRequest("http://\(name):\(server.port)/"))
        #expect(answer.text == "found")
    }
}
