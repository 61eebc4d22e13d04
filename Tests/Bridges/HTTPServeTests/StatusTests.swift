import HTTPServe
import TestKit
import Testing
import Threads

private func sample() throws -> Router {
    var router = Router()
    try router.on(.get, "/x") { _ in .text("here\n") }
    try router.on(.post, "/x") { .text("got \($0.body.count)\n") }
    try router.on(.post, "/form") { request in
        .text(request.parameters.all.map { "\($0.name)=\($0.value)" }.joined(separator: "|"))
    }
    return router
}

@Test(arguments: [
    ("GET /x HTTP/1.1\r\n\r\n", 400, "the request has no Host field\n"),
    ("GET /x HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400, "the request has several Host fields\n"),
    (
        "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        400, "the request has Content-Length and Transfer-Encoding\n"
    ),
    (
        "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx", 400,
        "the request has several Content-Length fields\n"
    ),
    (
        "POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 400,
        "the only Transfer-Encoding taken is chunked\n"
    ),
    (
        "POST /x HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400,
        "Transfer-Encoding belongs to HTTP/1.1\n"
    ),
    ("GET /../x HTTP/1.1\r\nHost: a\r\n\r\n", 400, "the path holds a \"..\" segment\n"),
    ("GET /%00 HTTP/1.1\r\nHost: a\r\n\r\n", 400, "the path holds a NUL byte\n"),
    ("GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n", 400, "invalid URL escape \"%zz\"\n"),
    ("GET /none HTTP/1.1\r\nHost: a\r\n\r\n", 404, "there is nothing at this path\n"),
    ("PUT /x HTTP/1.1\r\nHost: a\r\n\r\n", 405, "the method is not allowed here\n"),
    (
        "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 101\r\n\r\n", 413,
        "the request body is larger than 100 bytes\n"
    ),
    (
        "POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n65\r\n"
            + String(repeating: "b", count: 101) + "\r\n0\r\n\r\n", 413,
        "the request body is larger than 100 bytes\n"
    ),
    (
        "GET /" + String(repeating: "u", count: 2000) + " HTTP/1.1\r\nHost: a\r\n\r\n", 414,
        "the request target is longer than 2000 bytes\n"
    ),
    (
        "GET /x HTTP/1.1\r\nHost: a\r\nX: " + String(repeating: "h", count: 4096) + "\r\n\r\n", 431,
        "the request's head is longer than 4096 bytes\n"
    ),
    ("GET /x HTTP/1.1\r\nHost: a\r\n\r\n", 200, "here\n"),
    ("GET http://a/x HTTP/1.1\r\nHost: a\r\n\r\n", 200, "here\n"),
    ("GET /x HTTP/1.0\r\n\r\n", 200, "here\n"),
    ("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc", 200, "got 3\n"),
    (
        "POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n",
        200, "got 5\n"
    ),
    (
        "POST /form?u=1 HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\n"
            + "Content-Length: 7\r\n\r\nb=2&u=3", 200, "b=2|u=3|u=1"
    ),
])
func `each request has its status and body`(
    request: String, status: Int, body: String
) async throws {
    try await serving(
        sample(),
        options: {
            $0.maxBodyBytes = 100
            $0.maxTargetBytes = 2000
            $0.maxHeaderBytes = 4096
        }
    ) { served in
        let answer = try await served.ask(request)
        #expect(answer.status == status)
        #expect(answer.text == body)
        if status == 405 { #expect(answer["allow"] == "GET, HEAD, OPTIONS, POST") }
    }
}

@Test func `HEAD has the fields of GET and no body`() async throws {
    try await serving(sample()) { served in
        let answer = try await served.ask("HEAD /x HTTP/1.1\r\nHost: a\r\n\r\n", isHead: true)
        #expect(answer.status == 200)
        #expect(answer["content-length"] == "5")
    }
}

@Test func `OPTIONS is answered without a route`() async throws {
    try await serving(sample()) { served in
        let answer = try await served.ask("OPTIONS /x HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(answer.status == 204)
        #expect(answer["allow"] == "GET, HEAD, OPTIONS, POST")
    }
}

@Test(arguments: ["/weir/x", "/weir"])
func `a prefix stands before every route`(path: String) async throws {
    var router = Router(prefix: "/weir/")
    try router.on(.get, "/x") { .text($0.path) }
    try router.on(.get, "/") { .text($0.path) }
    try await serving(router) { served in
        let below = try await served.get(path)
        #expect(below.status == 200)
        let beside = try await served.get("/x")
        #expect(beside.status == 404)
    }
}

private struct Broken: Error {}

@Test func `an error becomes a 500 with an id that the hook has too`() async throws {
    let failures = Locked<[HandlerFailure]>([])
    let hooks = ServerHooks(onFailure: { failure in failures.withLock { $0.append(failure) } })
    try await serving(router("/x") { _ in throw Broken() }, hooks: hooks) { served in
        let answer = try await served.get("/x")
        #expect(answer.status == 500)
        let failure = try #require(failures.withLock { $0.first })
        #expect(failure.id.utf8.count == 16)
        #expect(answer.text == "internal error \(failure.id); the server's log says more\n")
        #expect(failure.error is Broken)
        #expect(failure.path == "/x")
        #expect(!failure.isAnswerCut)
    }
}

@Test func `a slow head is 408 however it drips, and a slow body too`() async throws {
    try await serving(
        sample(),
        options: {
            $0.headerTimeout = .milliseconds(200)
            $0.bodyTimeout = .milliseconds(200)
        }
    ) { served in
        let head = try served.connect()
        await head.send("GET /x HTTP/1.1\r\nHo")
        for _ in 0..<500 where await head.send("s") { try await Task.sleep(for: .milliseconds(2)) }
        let answer = try await head.answer()
        #expect(answer.status == 408)
        #expect(answer.text == "the request's head took too long\n")
        let body = try served.connect()
        await body.send("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 90\r\n\r\nab")
        let late = try await body.answer()
        #expect(late.status == 408)
        #expect(late.text == "the request's body took too long\n")
        let silent = try served.connect()
        #expect(await silent.endsNow())
    }
}

@Test func `an idle connection is closed, and its slow second head is 408`() async throws {
    try await serving(
        sample(),
        options: {
            $0.headerTimeout = .milliseconds(200)
            $0.idleTimeout = .milliseconds(4000)
        }
    ) { served in
        let request = "GET /x HTTP/1.1\r\nHost: a\r\n\r\n"
        let idle = try served.connect()
        #expect(try await idle.ask(request).status == 200)
        #expect(await idle.endsNow())
        let slow = try served.connect()
        #expect(try await slow.ask(request).status == 200)
        await slow.send("GET /x HT")
        #expect(try await slow.answer().status == 408)
    }
}

@Test func `over the limit all but health is 503`() async throws {
    var router = try sample()
    try router.add(Route([.get], "/-/healthy", isHealth: true) { _ in .text("healthy") })
    try await serving(router, options: { $0.maxConnections = 2 }) { served in
        let request = "GET /x HTTP/1.1\r\nHost: a\r\n\r\n"
        let first = try served.connect()
        let second = try served.connect()
        #expect(try await first.ask(request).status == 200)
        #expect(try await second.ask(request).status == 200)
        let answer = try await served.get("/x")
        #expect(answer.status == 503)
        #expect(answer["retry-after"] == "1")
        #expect(answer.text == "too many connections\n")
        #expect(try await served.get("/-/healthy").text == "healthy")
        #expect(try await first.ask(request).status == 200)
        await first.close()
        await second.close()
    }
}

@Test func `far over the limit a connection is refused at once`() async throws {
    try await serving(sample(), options: { $0.maxConnections = 1 }) { served in
        let held = try (0..<65).map { _ in try served.connect() }
        #expect(try await eventually { served.server.connectionCount == 65 })
        let answer = try await served.connect().answer()
        #expect(answer.status == 503)
        #expect(answer["retry-after"] == "1")
        for connection in held { await connection.close() }
    }
}

@Test func `the request log has what was asked and answered`() async throws {
    let records = Locked<[RequestRecord]>([])
    let hooks = ServerHooks(onRequest: { record in records.withLock { $0.append(record) } })
    let gate: Gate = { _ in .admit(name: "grafana") }
    try await serving(sample(), gate: gate, hooks: hooks) { served in
        _ = try await served.get("/x?secret=1")
        #expect(try await eventually { records.withLock { $0.count } == 1 })
        let record = try #require(records.withLock { $0.first })
        #expect(record.method == .get)
        #expect(record.path == "/x")
        #expect(record.pattern == "/x")
        #expect(record.status == 200)
        #expect(record.bytes == 5)
        #expect(record.credential == "grafana")
        #expect(record.duration > .zero)
        #expect(record.peer.host == "127.0.0.1")
    }
}

@Test(arguments: [1, 20])
func `a head just below the limit is answered, in one field or in many`(count: Int) async throws {
    let fields = (0..<count).map { number in
        "X-\(number): \(String(repeating: "v", count: 7900 / count - 10))\r\n"
    }.joined()
    try await serving(sample(), options: { $0.addedFields = ["X-Frame-Options": "deny"] }) {
        served in
        let answer = try await served.ask("GET /x HTTP/1.1\r\nHost: a\r\n\(fields)\r\n")
        #expect(answer.status == 200)
    }
}
