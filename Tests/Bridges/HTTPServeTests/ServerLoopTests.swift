import HTTPServe
import TestKit
import Testing
import Threads

private let request = "GET /x HTTP/1.1\r\nHost: a\r\n\r\n"

@Test func `a handler is cancelled when its client goes away`() async throws {
    let seen = Locked((began: false, cancelled: false))
    let router = try router("/x") { _ in
        seen.withLock { $0.began = true }
        do { try await Task.sleep(for: .seconds(60)) } catch {
            seen.withLock { $0.cancelled = true }
            throw error
        }
        return .text("late")
    }
    let records = Locked<[RequestRecord]>([])
    let hooks = ServerHooks(onRequest: { record in records.withLock { $0.append(record) } })
    for hard in [false, true] {
        try await serving(router, hooks: hooks) { served in
            seen.withLock { $0 = (false, false) }
            let connection = try served.connect()
            await connection.send(request)
            #expect(try await eventually { seen.withLock { $0.began } })
            await connection.close(hard: hard)
            #expect(try await eventually { seen.withLock { $0.cancelled } })
            #expect(try await eventually { served.server.connectionCount == 0 })
        }
    }
    #expect(records.withLock { $0.map(\.status) } == [499, 499])
}

@Test func `slow handlers do not hold up others`() async throws {
    var router = try router("/x") { _ in .text("quick") }
    try router.on(.get, "/slow") { _ in
        try await Task.sleep(for: .seconds(60))
        return .text("slow")
    }
    try await serving(router) { served in
        let slow = try (0..<50).map { _ in try served.connect() }
        for connection in slow { await connection.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n") }
        for _ in 0..<20 { #expect(try await served.get("/x").text == "quick") }
        for connection in slow { await connection.close() }
    }
}

@Test func `pipelined requests are answered in order`() async throws {
    let router = try router("/n/:n") { request in
        let number = Int(request.pathParameters["n"] ?? "") ?? 0
        if number % 2 == 0 { try await Task.sleep(for: .milliseconds(5)) }
        return .text("\(number)")
    }
    try await serving(router) { served in
        let connection = try served.connect()
        await connection.send(
            (0..<20).map { "GET /n/\($0) HTTP/1.1\r\nHost: a\r\n\r\n" }.joined())
        for number in 0..<20 { #expect(try await connection.answer().text == "\(number)") }
    }
}

@Test func `a stream arrives whole, whatever its pieces`() async throws {
    let router = try router("/x") { _ in
        ServerResponse { body in
            for count in [1, 0, 100_000, 7, 300_000, 2] {
                try await body.write([UInt8](repeating: UInt8(ascii: "a"), count: count))
            }
        }
    }
    try await serving(router) { served in
        let answer = try await served.get("/x")
        #expect(answer["transfer-encoding"] == "chunked")
        #expect(answer.body.count == 400_010)
    }
}

@Test func `a writer waits for a client that does not read, and learns that it left`() async throws
{
    let state = Locked((written: 0, ended: false))
    let router = try router("/x") { _ in
        ServerResponse { body in
            defer { state.withLock { $0.ended = true } }
            let piece = [UInt8](repeating: 0, count: 65_536)
            while true {
                try await body.write(piece)
                state.withLock { $0.written += piece.count }
            }
        }
    }
    let failures = Locked(0)
    let hooks = ServerHooks(onFailure: { _ in failures.withLock { $0 += 1 } })
    try await serving(router, hooks: hooks) { served in
        let connection = try served.connect()
        await connection.send(request)
        _ = try await connection.take(1000)
        var last = -1
        #expect(
            try await eventually {
                defer { last = state.withLock { $0.written } }
                try await Task.sleep(for: .milliseconds(100))
                return last == state.withLock { $0.written }
            })
        #expect(last < 32 << 20)
        await connection.close()
        #expect(try await eventually { state.withLock { $0.ended } })
    }
    #expect(failures.withLock { $0 } == 0)
}

@Test func `a short stream has its length told, and one that is flushed begins at once`()
    async throws
{
    var router = Router()
    try router.on(.get, "/short") { _ in
        ServerResponse(fields: ["Content-Type": "text/plain"]) { body in
            for _ in 0..<100 { try await body.write("0123456789") }
        }
    }
    let isSeen = Locked(false)
    try router.on(.get, "/live") { _ in
        ServerResponse { body in
            try await body.write("first")
            try await body.flush()
            while !isSeen.withLock({ $0 }) { try await Task.sleep(for: .milliseconds(2)) }
            try await body.write(" second")
        }
    }
    try await serving(router) { served in
        let short = try await served.get("/short")
        #expect(short["content-length"] == "1000")
        #expect(short.body.count == 1000)
        let packed = try await served.ask(
            "GET /short HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\n\r\n")
        #expect(packed["content-encoding"] == nil && packed["vary"] == nil)
        let connection = try served.connect()
        await connection.send("GET /live HTTP/1.1\r\nHost: a\r\n\r\n")
        var text = ""
        while !text.contains("first") {
            text += String(decoding: try await connection.take(1), as: UTF8.self)
        }
        isSeen.withLock { $0 = true }
        while !text.contains("second") {
            text += String(decoding: try await connection.take(1), as: UTF8.self)
        }
    }
}

@Test func `a stream that fails before its first bytes is answered with a status`() async throws {
    var router = Router()
    try router.on(.get, "/broken") { _ in
        ServerResponse { body in
            try await body.write("half")
            throw Broken()
        }
    }
    try router.on(.get, "/other") { _ in
        ServerResponse { _ in throw AnswerInstead(.text("busy", status: 503), because: Broken()) }
    }
    let failures = Locked<[HandlerFailure]>([])
    let hooks = ServerHooks(onFailure: { failure in failures.withLock { $0.append(failure) } })
    try await serving(router, hooks: hooks) { served in
        let broken = try await served.get("/broken")
        #expect(broken.status == 500)
        #expect(broken.text.hasPrefix("internal error "))
        #expect(failures.withLock { $0.first?.isAnswerCut } == false)
        let other = try await served.get("/other")
        #expect(other.status == 503 && other.text == "busy")
        #expect(failures.withLock { $0.count } == 1)
    }
}

private final class Tracked: Sendable {
    let onEnd: @Sendable () -> Void
    init(_ onEnd: @escaping @Sendable () -> Void) { self.onEnd = onEnd }
    deinit { onEnd() }
}

@Test(arguments: [10, 100_000])
func `nothing is left of a request that was answered`(count: Int) async throws {
    let live = Locked(0)
    var router = Router()
    for (path, body) in [
        ("/a", Route.BodyPolicy.collected(limit: 100)), ("/b", .streamed(limit: 100)),
    ] {
        try router.add(
            Route([.post], path, body: body) { _ in
                ServerResponse { output in
                    for _ in 0..<3 {
                        try await output.write([UInt8](repeating: 1, count: count))
                    }
                }
            })
    }
    let gate: Gate = { _ in
        live.withLock { $0 += 1 }
        return .admit(identity: Tracked { live.withLock { $0 -= 1 } })
    }
    try await serving(router, gate: gate) { served in
        for path in ["/a", "/b"] {
            let answer = try await served.ask(
                "POST \(path) HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx")
            #expect(answer.body.count == 3 * count)
        }
        #expect(try await eventually { live.withLock { $0 } == 0 })
    }
}

private struct Broken: Error {}

@Test func `a stream that fails is cut, so that nobody takes it for whole`() async throws {
    let failures = Locked<[HandlerFailure]>([])
    let hooks = ServerHooks(onFailure: { failure in failures.withLock { $0.append(failure) } })
    let router = try router("/x") { _ in
        ServerResponse { body in
            try await body.write("half")
            try await body.flush()
            throw Broken()
        }
    }
    try await serving(router, hooks: hooks) { served in
        await #expect(throws: RawConnection.Failure.self) { try await served.get("/x") }
        #expect(failures.withLock { $0.first?.isAnswerCut } == true)
    }
}

@Test func `a streamed request body is read piece by piece`() async throws {
    var router = Router()
    try router.add(
        Route([.post], "/x", body: .streamed(limit: 3_000_000)) { request in
            var count = 0
            while let piece = try await request.bodyStream?.next() { count += piece.count }
            return .text("\(count)")
        })
    try await serving(router, gate: { _ in .admit() }) { served in
        let connection = try served.connect()
        await connection.send("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 2000000\r\n\r\n")
        await connection.send([UInt8](repeating: 1, count: 2_000_000))
        #expect(try await connection.answer().text == "2000000")
        let chunk = "100000\r\n" + String(repeating: "x", count: 0x100000) + "\r\n"
        await connection.send("POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in 0..<3 { await connection.send(chunk) }
        await connection.send("0\r\n\r\n")
        #expect(try await connection.answer().status == 413)
    }
}

@Test func `a server that stops finishes what runs and takes nothing new`() async throws {
    let began = Locked(false)
    let router = try router("/x") { _ in
        began.withLock { $0 = true }
        try await Task.sleep(for: .milliseconds(200))
        return .text("done")
    }
    try await serving(router) { served in
        let idle = try served.connect()
        let busy = try served.connect()
        await busy.send(request)
        #expect(try await eventually { began.withLock { $0 } })
        let port = served.port
        async let stopped: Void = served.server.stop(grace: .seconds(10))
        let answer = try await busy.answer()
        #expect(answer.text == "done")
        #expect(answer["connection"] == "close")
        #expect(await idle.endsNow())
        await stopped
        #expect(throws: (any Error).self) { try RawConnection(port: port) }
    }
}

@Test func `what does not finish in time is cancelled`() async throws {
    let cancelled = Locked(false)
    let began = Locked(false)
    let router = try router("/x") { _ in
        began.withLock { $0 = true }
        do { try await Task.sleep(for: .seconds(60)) } catch { cancelled.withLock { $0 = true } }
        return .text("late")
    }
    try await serving(router) { served in
        let connection = try served.connect()
        await connection.send(request)
        #expect(try await eventually { began.withLock { $0 } })
        await served.server.stop(grace: .milliseconds(50))
        #expect(try await eventually { cancelled.withLock { $0 } })
        #expect(await connection.endsNow())
    }
}

@Test func `it listens on unix sockets, IPv6 and several addresses at once`() async throws {
    let folder = try TemporaryFolder("socket")
    let path = folder.file("weir.sock")
    let router = try router("/x") { .text($0.peer.host) }
    let listeners: [ListenAddress] = [
        .unix(path: path), .tcp(host: "127.0.0.1", port: 0), .tcp(host: "::1", port: 0),
    ]
    try await serving(router, listeners: listeners) { served in
        let unix = try await RawConnection(path: path).ask(request)
        #expect(unix.text == "unix")
        let four = try await served.get("/x")
        #expect(four.text == "127.0.0.1")
        let last = try #require(served.ports.last)
        let six = try await RawConnection(port: last, ipv6: true).ask(request)
        #expect(six.text == "::1")
    }
    #expect(throws: (any Error).self) { try RawConnection(path: path) }
}

@Test func `an address that is taken is an error that names it`() async throws {
    try await serving(router("/x") { _ in .text("x") }) { served in
        let second = HTTPServer(
            options: HTTPServerOptions(listeners: [.tcp(host: "127.0.0.1", port: served.port)]),
            router: Router())
        let error = await #expect(throws: HTTPServeError.self) { try await second.start() }
        #expect(
            error?.description
                == "cannot listen on 127.0.0.1:\(served.port): Address already in use")
    }
}

@Test func `quick routes and several threads answer as others do`() async throws {
    var router = Router()
    try router.add(Route([.get], "/x", isQuick: true) { _ in .text("quick") })
    try await serving(router, options: { $0.threads = 3 }) { served in
        for _ in 0..<30 {
            let answer = try await served.get("/x")
            #expect(answer.text == "quick")
        }
    }
}
