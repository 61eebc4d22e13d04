import TestKit
import Testing

@testable import HTTPFetch

struct AuthorizationTests {
    private let client = HTTPClient()

    private func options(_ authorization: Authorization) -> HTTPClientOptions {
        var options = HTTPClientOptions()
        options.authorization = authorization
        return options
    }

    @Test(arguments: [
        (
            Authorization.basic(username: .text("me"), password: .text("pa:ss")),
            "Basic bWU6cGE6c3M="
        ),
        (.basic(username: .text(""), password: .text("")), "Basic Og=="),
        (.bearer(.text("abc")), "Bearer abc"), (.scheme("Token", .text("x y")), "Token x y"),
    ])
    func `a credential goes into the header`(credential: Authorization, header: String) async throws
    {
        let server = try ScriptedServer.answering { _ in ScriptedAnswer() }
        _ = try await client.fetch(HTTPRequest(server.url()), with: options(credential))
        #expect(server.requests.first?["Authorization"] == header)
    }

    @Test func `a secret in a file is read again when it changes`() async throws {
        let folder = try TemporaryFolder("secret")
        let path = folder.file("token")
        let server = try ScriptedServer.answering { _ in ScriptedAnswer() }
        let bearer = options(.bearer(.file(path)))
        let missing = await client.failure(try HTTPRequest(server.url()), with: bearer)
        #expect(missing == .unreadableFile(path: path, reason: "No such file or directory"))
        try folder.write(" \tone\r\n", to: "token")
        _ = try await client.fetch(HTTPRequest(server.url()), with: bearer)
        #expect(server.requests.last?["Authorization"] == "Bearer one")
        try folder.write("two-two\n", to: "token")
        #expect(
            try await eventually {
                _ = try await client.fetch(HTTPRequest(server.url()), with: bearer)
                return server.requests.last?["Authorization"] == "Bearer two-two"
            })
    }

    @Test func `headers of the options replace those of a request`() async throws {
        let server = try ScriptedServer.answering { _ in ScriptedAnswer() }
        let file = try TemporaryFolder("header")
        var options = HTTPClientOptions()
        options.headers = [
            CustomHeader("X-Tenant", values: ["a", "b"]),
            CustomHeader("X-Key", secrets: [.text("k1"), .file(try file.write("k2\n", to: "k"))]),
            CustomHeader("X-Empty", values: [""]),
        ]
        var request = try HTTPRequest(server.url())
        request.fields["x-tenant"] = "c"
        _ = try await client.fetch(request, with: options)
        let fields = try #require(server.requests.first).fields.filter { $0.hasPrefix("X-") }
        #expect(fields == ["X-Tenant: a", "X-Tenant: b", "X-Empty:", "X-Key: k1", "X-Key: k2"])
    }

    /// Every kind of credential at once.
    private var everything: HTTPClientOptions {
        var options = options(.basic(username: .text("me"), password: .text("hidden")))
        options.headers = [CustomHeader("X-Key", values: ["open"], secrets: [.text("hidden")])]
        return options
    }

    @Test func `a redirect on the same host carries credentials`() async throws {
        let server = try ScriptedServer.answering { request in
            request.path == "/a" ? .redirect("/b") : ScriptedAnswer(body: "there")
        }
        let response = try await client.fetch(HTTPRequest(server.url("/a")), with: everything)
        #expect(response.text == "there")
        #expect(response.url.text == server.url("/b"))
        #expect(server.requests.map { $0["Authorization"] != nil } == [true, true])
    }

    @Test(arguments: [301, 302, 303, 307, 308])
    func `a redirect to another host carries no credential`(status: Int) async throws {
        let other = try ScriptedServer.answering { _ in ScriptedAnswer(body: "there") }
        let place = other.url("/b?c")
        let server = try ScriptedServer.answering { _ in .redirect(place, status: status) }
        var request = try HTTPRequest(server.url("/a"))
        request.fields["Authorization"] = "Bearer by-hand"
        for options in [everything, HTTPClientOptions()] {
            #expect(try await client.fetch(request, with: options).text == "there")
        }
        for asked in other.requests {
            #expect(asked.fields.filter { $0.contains("hidden") || $0.contains("by-hand") } == [])
            #expect(asked["Authorization"] == nil)
            #expect(asked.path == "/b?c")
        }
        #expect(other.requests.first?["X-Key"] == "open")
    }

    @Test func `a way back to the first host carries no credential either`() async throws {
        let home = try ScriptedServer.answering { request in
            request.path == "/end" ? ScriptedAnswer() : .redirect(request["X-Other"] ?? "")
        }
        let back = home.url("/end")
        let other = try ScriptedServer.answering { _ in .redirect(back) }
        var request = try HTTPRequest(home.url("/start"))
        request.fields["X-Other"] = other.url()
        _ = try await client.fetch(request, with: everything)
        #expect(home.requests.map { $0["Authorization"] != nil } == [true, false])
    }

    @Test func `redirects can be left alone`() async throws {
        let server = try ScriptedServer.answering { _ in .redirect("/b") }
        var options = HTTPClientOptions()
        options.followsRedirects = false
        let response = try await client.fetch(HTTPRequest(server.url("/a")), with: options)
        #expect(response.status == 302)
        #expect(server.requests.count == 1)
    }

    @Test(arguments: [(302, "GET", ""), (303, "GET", ""), (307, "POST", "x"), (308, "POST", "x")])
    func `a redirected POST is what the status says`(
        status: Int, method: String, body: String
    ) async throws {
        let server = try ScriptedServer.answering { request in
            request.path == "/a" ? .redirect("b", status: status) : ScriptedAnswer()
        }
        var request = try HTTPRequest(server.url("/a"))
        (request.method, request.body) = ("POST", [UInt8(ascii: "x")])
        _ = try await client.fetch(request)
        #expect(server.requests.last?.line == "\(method) /b HTTP/1.1")
        #expect(server.requests.last?.body == body)
    }

    @Test(arguments: ["file:///etc/passwd", "ftp://127.0.0.1/", "gopher://x/"])
    func `a redirect leads to http and https only`(place: String) async throws {
        let server = try ScriptedServer.answering { _ in .redirect(place) }
        guard case .badRedirect(let url, _) = await client.failure(try HTTPRequest(server.url()))
        else { throw Unexpected(place) }
        #expect(url == server.url())
    }

    @Test(arguments: [
        ("http://h/", "http://h/x", true), ("http://h/", "https://h/", true),
        ("https://h/", "http://h/", false), ("http://h/", "http://i/", false),
        ("http://h/", "http://h:81/", false), ("http://h:81/", "https://h/", false),
        ("http://h/", "http://H:80/", true), ("http://h/", "http://a.h/", false),
    ])
    func `credentials go to the same place only`(from: String, to: String, shared: Bool) throws {
        #expect(try HTTPAddress(from).sharesCredentials(with: HTTPAddress(to)) == shared)
    }

    @Test func `a secret prints as such`() {
        let secret = HiddenText("hidden")
        let options = self.options(.basic(username: .text("me"), password: .text(secret)))
        var dumped = ""
        dump(options, to: &dumped)
        for text in ["\(secret)", secret.debugDescription, "\(options)", dumped] {
            #expect(!text.contains("hidden"))
        }
        #expect("\(secret)" == "<secret>")
    }
}
