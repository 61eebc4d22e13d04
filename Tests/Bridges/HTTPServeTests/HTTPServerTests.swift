import HTTPServe
import TestKit
import Testing

@Test func `a request is answered, and the next on the same connection`() async throws {
    let router = try router(.get, "/hello/:name") { request in
        .text("hello \(request.pathParameters["name"] ?? "")\n")
    }
    try await serving(router) { served in
        let connection = try served.connect()
        for name in ["ann", "bob"] {
            let answer = try await connection.ask("GET /hello/\(name) HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(answer.status == 200)
            #expect(answer.text == "hello \(name)\n")
        }
        await served.server.stop(grace: .seconds(5))
        #expect(await connection.endsNow())
    }
}
