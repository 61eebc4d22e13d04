import HTTPServe
import TestKit
import Testing
import Threads

private let gate: Gate = { request in
    if request.route?.requirement as? String == "open" { return .admit() }
    guard request.fields["authorization"] == "Bearer good" else {
        var refusal = ServerResponse.text("who are you\n", status: 401)
        refusal.fields["WWW-Authenticate"] = "Bearer"
        return .refuse(refusal, name: "stranger")
    }
    await Task.yield()
    return .admit(identity: "ann", name: "ann's token")
}

private func sample() throws -> Router {
    var router = Router()
    try router.add(Route([.get], "/open", requirement: "open") { _ in .text("open") })
    try router.add(
        Route([.get, .post], "/closed") { request in
            .text("\(request.identity as? String ?? "") sent \(request.body.count)")
        })
    return router
}

@Test(arguments: [
    ("GET /open HTTP/1.1\r\nHost: a\r\n\r\n", 200, "open"),
    ("GET /closed HTTP/1.1\r\nHost: a\r\n\r\n", 401, "who are you\n"),
    ("GET /none HTTP/1.1\r\nHost: a\r\n\r\n", 401, "who are you\n"),
    ("PUT /closed HTTP/1.1\r\nHost: a\r\n\r\n", 401, "who are you\n"),
    (
        "GET /closed HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer good\r\n\r\n", 200, "ann sent 0"
    ),
    (
        "POST /closed HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer good\r\nContent-Length: 4\r\n\r\nbody",
        200, "ann sent 4"
    ),
    (
        "POST /closed HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer good\r\n"
            + "Transfer-Encoding: chunked\r\n\r\n2\r\nbo\r\n0\r\n\r\n",
        200, "ann sent 2"
    ),
    ("POST /closed HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody", 401, "who are you\n"),
])
func `a gate stands before every route`(
    request: String, status: Int, body: String
) async throws {
    try await serving(sample(), gate: gate) { served in
        let answer = try await served.ask(request)
        #expect(answer.status == status)
        #expect(answer.text == body)
        if status == 401 { #expect(answer["www-authenticate"] == "Bearer") }
    }
}

@Test func `a body that is refused is not waited for`() async throws {
    try await serving(sample(), gate: gate) { served in
        let connection = try served.connect()
        await connection.send("POST /closed HTTP/1.1\r\nHost: a\r\nContent-Length: 9999\r\n\r\n")
        #expect(try await connection.answer().status == 401)
    }
}

@Test func `a client that expects 100 sends its body only once it may`() async throws {
    try await serving(sample(), gate: gate) { served in
        let expecting = "Content-Length: 4\r\nExpect: 100-continue\r\n\r\n"
        let good = try served.connect()
        await good.send(
            "POST /closed HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer good\r\n\(expecting)")
        #expect(try await good.answer().status == 100)
        #expect(try await good.ask("body").text == "ann sent 4")
        let bad = try served.connect()
        #expect(
            try await bad.ask("POST /closed HTTP/1.1\r\nHost: a\r\n\(expecting)").status == 401)
    }
}
