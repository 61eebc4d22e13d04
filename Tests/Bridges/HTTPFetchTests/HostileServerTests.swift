import Glibc
import TestKit
import Testing
import Threads

@testable import HTTPFetch

/// Servers that are slow, that lie or that never end; each fails alone, for its own reason.
struct HostileServerTests {
    private let client = HTTPClient()

    /// What a bad server does with a connection, and how the fetch ends.
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        var limit = 1 << 20
        /// For servers that only time can end.
        var timeout = Duration.seconds(20)
        let talk: @Sendable (Conversation) -> Void
        let check: @Sendable (HTTPFetchError) -> Bool
    }

    private static let head = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
    private static let short = Duration.seconds(1)

    private static func isTimeout(
        _ phases: HTTPFetchError.Phase...
    ) -> @Sendable (HTTPFetchError) -> Bool {
        { error in
            guard case .timedOut(_, short, let phase) = error else { return false }
            return phases.contains(phase) && error.description.contains("context deadline exceeded")
        }
    }

    private static let isCutOff: @Sendable (HTTPFetchError) -> Bool = {
        if case .cutOff = $0 { true } else { false }
    }

    static let cases = [
        Case(
            testDescription: "hangs", timeout: short, talk: { $0.waitForEnd() },
            check: isTimeout(.head)),
        Case(
            testDescription: "trickles its body", timeout: short,
            talk: {
                _ = $0.readRequest()
                $0.send(head + "\r\n")
                while $0.send("a") { usleep(20_000) }
            }, check: isTimeout(.head, .body)),
        Case(
            testDescription: "trickles its header", timeout: short,
            talk: {
                _ = $0.readRequest()
                $0.send(head)
                while $0.send("a") { usleep(20_000) }
            }, check: isTimeout(.head)),
        Case(
            testDescription: "sends less than it said",
            talk: {
                _ = $0.readRequest()
                $0.send(head + "Content-Length: 1000\r\n\r\nabc")
            }, check: isCutOff),
        Case(
            testDescription: "ends inside a chunk",
            talk: {
                _ = $0.readRequest()
                $0.send(head + "Transfer-Encoding: chunked\r\n\r\nff\r\nabc")
            }, check: isCutOff),
        Case(
            testDescription: "resets in the middle of the body",
            talk: {
                _ = $0.readRequest()
                $0.send(head + "Content-Length: 1000\r\n\r\nabc")
                $0.reset()
            }, check: isCutOff),
        Case(
            testDescription: "closes without a word", talk: { _ = $0.readRequest() },
            check: isCutOff),
        Case(
            testDescription: "announces more than the limit",
            talk: {
                _ = $0.readRequest()
                $0.send(head + "Content-Length: 9000000000\r\n\r\nabc")
                $0.waitForEnd()
            },
            check: {
                if case .bodyTooLarge(_, 1 << 20) = $0 {
                    $0.description.contains("body size limit exceeded")
                } else {
                    false
                }
            }),
        Case(
            testDescription: "never ends its body",
            talk: {
                _ = $0.readRequest()
                $0.send(head + "\r\n")
                let piece = [UInt8](repeating: 65, count: 65_536)
                while $0.send(piece) {}
            }, check: { if case .bodyTooLarge = $0 { true } else { false } }),
        Case(
            testDescription: "never ends a line of its header",
            talk: {
                _ = $0.readRequest()
                $0.send(head + "X: ")
                let piece = [UInt8](repeating: 65, count: 65_536)
                while $0.send(piece) {}
            },
            check: { error in
                switch error {
                case .headTooLarge, .failed: true
                default: false
                }
            }),
        Case(
            testDescription: "never ends its header",
            talk: {
                _ = $0.readRequest()
                $0.send(head)
                let lines = String(repeating: "X: y\r\n", count: 1000)
                while $0.send(lines) {}
            }, check: { if case .headTooLarge = $0 { true } else { false } }),
        Case(
            testDescription: "never stops saying 100 Continue",
            talk: {
                _ = $0.readRequest()
                let lines = String(repeating: "HTTP/1.1 100 Continue\r\n\r\n", count: 100)
                while $0.send(lines) {}
            }, check: { if case .headTooLarge = $0 { true } else { false } }),
        Case(
            testDescription: "speaks another protocol",
            talk: {
                $0.send("SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n")
                $0.waitForEnd()
            }, check: { if case .notHTTP = $0 { true } else { false } }),
        Case(
            testDescription: "sends gzip that is none",
            talk: {
                _ = $0.readRequest()
                $0.send(head + "Content-Encoding: gzip\r\nContent-Length: 7\r\n\r\nno gzip")
            }, check: { if case .undecodable = $0 { true } else { false } }),
    ]

    @Test(arguments: cases)
    func `a bad server fails alone`(_ row: Case) async throws {
        let server = try ScriptedServer(row.talk)
        let good = try ScriptedServer.answering { _ in ScriptedAnswer(body: "fine") }
        let bad = try HTTPRequest(server.url(), timeout: row.timeout, limit: row.limit)
        async let failure = client.failure(bad)
        // The thread that carries the bad one has time for all others.
        for _ in 0..<20 {
            let answer = try await client.fetch(HTTPRequest(good.url()))
            #expect(answer.text == "fine")
        }
        let error = try #require(await failure)
        #expect(row.check(error), "\(error)")
        #expect(error.description.contains("http://127.0.0.1:\(server.port)/"))
    }

    @Test func `a gzip bomb is cut at the limit of what comes out`() async throws {
        let folder = try TemporaryFolder("bomb")
        let file = folder.file("bomb.gz")
        let made = try await ChildProcess.run(
            ["sh", "-c", "head -c 200000000 /dev/zero | gzip -9 > \(file)"])
        #expect(made.status == 0)
        let bomb = try contents(of: file)
        #expect(bomb.count < 300_000)
        let server = try ScriptedServer.answering { _ in
            ScriptedAnswer(200, ["Content-Encoding: gzip"], bytes: bomb)
        }
        let reader = CountingReader()
        let request = try HTTPRequest(server.url(), limit: 1 << 20)
        await #expect(throws: HTTPFetchError.bodyTooLarge(url: server.url(), limitBytes: 1 << 20)) {
            try await client.fetch(request, with: .init(), into: reader)
        }
        let seen = reader.state.withLock { $0 }
        #expect(seen.bytes <= 1 << 20)
        #expect(seen.largest <= 65_536)
    }

    @Test func `ten thousand redirects are ten`() async throws {
        let server = try ScriptedServer.answering { request in
            .redirect("/\((Int(request.path.dropFirst()) ?? 0) + 1)")
        }
        let error = await client.failure(try HTTPRequest(server.url("/0")))
        #expect(error == .tooManyRedirects(url: server.url("/0"), limit: 10))
        #expect(server.requests.count == 11)
    }

    @Test func `a redirect with an endless body is followed all the same`() async throws {
        let server = try ScriptedServer { conversation in
            while let request = conversation.readRequest() {
                guard request.path == "/start" else {
                    conversation.send(ScriptedAnswer(body: "end").bytes)
                    continue
                }
                conversation.send("HTTP/1.1 302 Found\r\nLocation: /next\r\n\r\n")
                let piece = [UInt8](repeating: 65, count: 65_536)
                while conversation.send(piece) {}
            }
        }
        #expect(try await client.fetch(HTTPRequest(server.url("/start"))).text == "end")
    }

    @Test func `nobody listening, no such host and no TLS each have their words`() async throws {
        let port = try FreePort.tcp()
        let refused = await client.failure(try HTTPRequest("http://127.0.0.1:\(port)/metrics"))
        #expect(
            refused?.description
                == "http://127.0.0.1:\(port)/metrics: cannot connect: connection refused")
        let unknown = await client.failure(try HTTPRequest("http://no-such-host.invalid/x"))
        #expect(
            unknown
                == .unresolvable(url: "http://no-such-host.invalid/x", host: "no-such-host.invalid")
        )
        let garbage = try ScriptedServer { conversation in
            conversation.send(String(repeating: "garbage ", count: 100))
            conversation.waitForEnd()
        }
        let error = await client.failure(try HTTPRequest("https://127.0.0.1:\(garbage.port)/"))
        guard case .insecure = error else { throw Unexpected(error) }
    }

    @Test func `hundreds of transfers that hang delay nobody`() async throws {
        let hanging = try ScriptedServer(backlog: 4096) { $0.waitForEnd() }
        let good = try ScriptedServer.answering { _ in ScriptedAnswer(body: "fine") }
        let request = try HTTPRequest(hanging.url())
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<400 { group.addTask { _ = await client.failure(request) } }
            #expect(try await eventually { hanging.connections == 400 })
            for _ in 0..<200 {
                let answer = try await client.fetch(HTTPRequest(good.url()))
                #expect(answer.status == 200)
            }
            group.cancelAll()
        }
    }

    private func contents(of path: String) throws -> [UInt8] {
        let file = open(path, O_RDONLY)
        guard file >= 0 else { throw SystemError("open", path: path) }
        defer { close(file) }
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 65_536)
        while case let count = read(file, &piece, piece.count), count > 0 {
            bytes += piece[..<count]
        }
        return bytes
    }
}

/// A test that went another way.
struct Unexpected: Error, CustomStringConvertible {
    let description: String
    init(_ what: Any?) { description = "unexpected: \(what.map { "\($0)" } ?? "nothing")" }
}
