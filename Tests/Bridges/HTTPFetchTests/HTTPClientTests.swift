import TestKit
import Testing
import Threads

@testable import HTTPFetch

struct HTTPClientTests {
    private let client = HTTPClient(userAgent: "Weir/test")

    @Test func `an answer has status, header, body and timings`() async throws {
        let server = try ScriptedServer.answering { _ in
            ScriptedAnswer(
                200, ["Content-Type: text/plain", "X-Two: a", "x-two: b"], body: "up 1\n")
        }
        let response = try await client.fetch(HTTPRequest(server.url("/metrics?a=b")))
        #expect(response.statusLine == "200 Word")
        #expect(response.fields["content-type"] == "text/plain")
        #expect(response.fields.all.filter { $0.name.lowercased() == "x-two" }.count == 2)
        #expect(response.text == "up 1\n")
        #expect(response.version == "1.1")
        #expect(response.transferredBytes == 5)
        #expect(response.timings.firstByte > .zero)
        #expect(response.timings.total >= response.timings.firstByte)
        let asked = try #require(server.requests.first)
        #expect(asked.line == "GET /metrics?a=b HTTP/1.1")
        #expect(asked["Host"] == "127.0.0.1:\(server.port)")
        #expect(asked["User-Agent"] == "Weir/test")
        #expect(asked["Accept-Encoding"] == "gzip")
        #expect(asked["Authorization"] == nil)
    }

    @Test func `a connection serves one request after another`() async throws {
        let server = try ScriptedServer.answering { _ in ScriptedAnswer(body: "x") }
        let request = try HTTPRequest(server.url())
        #expect(try await client.fetch(request).isReusedConnection == false)
        for _ in 0..<5 { #expect(try await client.fetch(request).isReusedConnection) }
        #expect(server.connections == 1)
    }

    @Test func `a connection that the server has closed is replaced without an error`() async throws
    {
        let server = try ScriptedServer.answering { _ in ScriptedAnswer(body: "x", closes: true) }
        for _ in 0..<5 { #expect(try await client.fetch(HTTPRequest(server.url())).status == 200) }
        #expect(server.connections == 5)
    }

    @Test func `any status is an answer`() async throws {
        let server = try ScriptedServer { conversation in
            _ = conversation.readRequest()
            conversation.send("HTTP/1.1 503\r\nContent-Length: 4\r\n\r\nbusy")
        }
        let response = try await client.fetch(HTTPRequest(server.url()))
        #expect(response.statusLine == "503 Service Unavailable")
        #expect(response.text == "busy")
    }

    @Test(arguments: ["POST", "PUT", "PATCH"])
    func `a body is sent as it is`(method: String) async throws {
        let server = try ScriptedServer.answering { ScriptedAnswer(body: $0.body) }
        var request = try HTTPRequest(server.url())
        (request.method, request.body) = (method, Array("a=b&c".utf8))
        request.fields["Content-Type"] = "text/x"
        #expect(try await client.fetch(request).text == "a=b&c")
        request.body = []
        #expect(try await client.fetch(request).text == "")
        let asked = server.requests
        #expect(asked.map(\.line) == ["\(method) / HTTP/1.1", "\(method) / HTTP/1.1"])
        #expect(asked[0]["Content-Type"] == "text/x")
        #expect(asked[0]["Expect"] == nil)
        #expect(asked[1]["Content-Length"] == "0")
    }

    @Test func `a large body needs no permission`() async throws {
        let server = try ScriptedServer.answering { ScriptedAnswer(body: "\($0.body.utf8.count)") }
        var request = try HTTPRequest(server.url())
        (request.method, request.body) = ("POST", [UInt8](repeating: 65, count: 3 << 20))
        #expect(try await client.fetch(request).text == "\(3 << 20)")
    }

    @Test func `a reader gets the head, then pieces`() async throws {
        let server = try ScriptedServer.answering { _ in
            ScriptedAnswer(bytes: [UInt8](repeating: 1, count: 300_000))
        }
        let reader = CountingReader()
        let response = try await client.fetch(
            HTTPRequest(server.url()), with: .init(), into: reader)
        let seen = reader.state.withLock { $0 }
        #expect(seen.heads == [200])
        #expect(seen.bytes == 300_000)
        #expect(seen.largest < 300_000)
        #expect(response.body.isEmpty)
    }

    @Test func `a reader that has enough ends the transfer`() async throws {
        let server = try ScriptedServer { conversation in
            _ = conversation.readRequest()
            conversation.send("HTTP/1.1 200 OK\r\n\r\n")
            let piece = [UInt8](repeating: 1, count: 65_536)
            while conversation.send(piece) {}
        }
        let reader = CountingReader(limit: 100_000)
        await #expect(throws: HTTPFetchError.stopped(url: server.url())) {
            try await client.fetch(
                HTTPRequest(server.url(), limit: nil), with: .init(), into: reader)
        }
    }

    @Test func `a body that is not wanted keeps its connection`() async throws {
        let server = try ScriptedServer.answering { _ in
            ScriptedAnswer(404, body: "<html>not here</html>")
        }
        let reader = CountingReader(wants: false)
        for _ in 0..<2 {
            let request = try HTTPRequest(server.url())
            #expect(try await client.fetch(request, with: .init(), into: reader).status == 404)
        }
        #expect(reader.state.withLock { $0.bytes } == 0)
        #expect(server.connections == 1)
    }

    @Test func `a cancelled task ends its transfer`() async throws {
        let gone = Locked(false)
        let server = try ScriptedServer { conversation in
            conversation.waitForEnd()
            gone.withLock { $0 = true }
        }
        let request = try HTTPRequest(server.url())
        let task = Task { [client] in await client.failure(request) }
        #expect(try await eventually { server.connections == 1 })
        task.cancel()
        #expect(await task.value == .cancelled)
        #expect(try await eventually { gone.withLock { $0 } })
    }

    @Test func `a task that is cancelled before it asks gets no answer`() async throws {
        let server = try ScriptedServer.answering { _ in ScriptedAnswer() }
        let request = try HTTPRequest(server.url())
        let task = Task { [client] in
            while !Task.isCancelled { await Task.yield() }
            return await client.failure(request)
        }
        task.cancel()
        #expect(await task.value == .cancelled)
    }

    @Test func `a unix socket is asked with the URL's host`() async throws {
        let folder = try TemporaryFolder("socket")
        let path = folder.file("s")
        let nginx = try await Nginx.start(
            "server { listen unix:\(path); location / { return 200 $http_host$request_uri; } }",
            in: folder)
        defer { nginx.send(15) }
        var request = try HTTPRequest("http://somewhere:81/x")
        request.unixSocket = path
        #expect(try await eventually { await client.failure(request) == nil })
        #expect(try await client.fetch(request).text == "somewhere:81/x")
        await nginx.stop()
    }

    @Test func `a client's thread ends with it`() async throws {
        let server = try ScriptedServer.answering { _ in ScriptedAnswer() }
        do {
            let client = HTTPClient()
            _ = try await client.fetch(HTTPRequest(server.url()))
        }
        let end = Locked(false)
        let closing = try ScriptedServer { conversation in
            _ = conversation.readRequest()
            conversation.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            conversation.waitForEnd()
            end.withLock { $0 = true }
        }
        do {
            let client = HTTPClient()
            _ = try await client.fetch(HTTPRequest(closing.url()))
        }
        #expect(try await eventually { end.withLock { $0 } })
    }

    @Test(arguments: [
        ("file:///etc/passwd", "begin with http:// or https://"), ("ftp://h/x", "begin with http"),
        ("h:80", "scheme"), ("", ""), ("http://", ""), ("http://h:99999/", ""),
    ])
    func `only http and https are URLs`(url: String, words: String) {
        #expect {
            try HTTPAddress(url)
        } throws: {
            "\($0)".hasPrefix("this is not a URL to fetch from: ") && "\($0)".contains(words)
        }
    }

    @Test(arguments: [
        ("http://user:pa%20ss@Host/metrics?token=abc", "http://host/metrics?…"),
        ("https://h:443/", "https://h/"), ("https://h:80/a", "https://h:80/a"),
        ("http://[::1]:9100", "http://[::1]:9100/"),
    ])
    func `an address shows no secret`(url: String, shown: String) throws {
        #expect(try HTTPAddress(url).description == shown)
        #expect("\(try HTTPRequest(url).url)" == shown)
    }

    @Test func `a header cannot smuggle a line`() async throws {
        let server = try ScriptedServer.answering { _ in ScriptedAnswer() }
        var request = try HTTPRequest(server.url())
        request.fields["X"] = "a\r\nY: b"
        #expect(await client.failure(request) == .invalidField(name: "X"))
        request.fields = HTTPFields(["a b": "c"])
        #expect(await client.failure(request) == .invalidField(name: "ab"))
        var options = HTTPClientOptions()
        options.authorization = .bearer(.text("top\nsecret"))
        let error = await client.failure(try HTTPRequest(server.url()), with: options)
        #expect(error == .invalidField(name: "Authorization"))
        #expect(server.requests.isEmpty)
    }
}
