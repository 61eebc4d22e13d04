import TestKit
import Testing

@testable import HTTPFetch

struct ProxyTests {
    private let client = HTTPClient()

    private func options(_ proxy: String, exceptions: String = "") -> HTTPClientOptions {
        var options = HTTPClientOptions()
        options.proxy.url = HiddenText(proxy)
        options.proxy.exceptions = exceptions
        return options
    }

    @Test func `an http request goes to the proxy whole`() async throws {
        let proxy = try ScriptedServer.answering { _ in ScriptedAnswer(body: "by proxy") }
        var options = options("http://user:hidden@127.0.0.1:\(proxy.port)")
        options.proxy.connectHeaders = [CustomHeader("X-Connect", values: ["no"])]
        let answer = try await client.fetch(HTTPRequest("http://some.test/a"), with: options)
        #expect(answer.text == "by proxy")
        let asked = try #require(proxy.requests.first)
        #expect(asked.line == "GET http://some.test/a HTTP/1.1")
        #expect(asked["Proxy-Authorization"] == "Basic dXNlcjpoaWRkZW4=")
        #expect(asked["X-Connect"] == nil)
    }

    @Test func `an https request asks the proxy for a tunnel`() async throws {
        let certificates = try await Certificates.make()
        let port = try FreePort.tcp()
        let nginx = try await certificates.nginx(port: port)
        let proxy = try ScriptedServer { conversation in
            guard conversation.readRequest() != nil else { return }
            conversation.send("HTTP/1.1 200 Connected\r\n\r\n")
            conversation.relay(to: port)
        }
        var options = options("http://127.0.0.1:\(proxy.port)")
        options.tls.authorities = .file(certificates.authority)
        options.proxy.connectHeaders = [CustomHeader("X-Connect", secrets: [.text("yes")])]
        options.headers = [CustomHeader("X-Server", values: ["only"])]
        let request = try HTTPRequest("https://weir.test/")
        #expect(try await eventually { await client.failure(request, with: options) == nil })
        let asked = try #require(proxy.requests.last)
        #expect(asked.line == "CONNECT weir.test:443 HTTP/1.1")
        #expect(asked["X-Connect"] == "yes")
        #expect(asked["X-Server"] == nil)
        await nginx.stop()
    }

    @Test func `a proxy that refuses says so`() async throws {
        let proxy = try ScriptedServer.answering { _ in ScriptedAnswer(407) }
        let options = options("http://user:hidden@127.0.0.1:\(proxy.port)")
        let error = await client.failure(try HTTPRequest("https://weir.test/"), with: options)
        #expect(
            error?.description == "https://weir.test/: the proxy failed: asked for a tunnel it "
                + "answered 407 Proxy Authentication Required")
        let port = try FreePort.tcp()
        let gone = self.options("http://user:hidden@127.0.0.1:\(port)")
        let refused = await client.failure(try HTTPRequest("http://weir.test/"), with: gone)
        #expect(
            refused?.description == "http://weir.test/: the proxy failed: cannot connect to it: "
                + "connection refused")
    }

    /// Go's documentation of NO_PROXY, entry by entry.
    @Test(arguments: [
        ("http://a.test/", "", true), ("http://a.test/", "*", false),
        ("http://a.test/", "a.test", false), ("http://b.a.test/", "a.test", false),
        ("http://ba.test/", "a.test", true), ("http://a.test/", ".a.test", true),
        ("http://b.a.test/", ".a.test", false), ("http://a.test/", "a.test:80", false),
        ("http://a.test:81/", "a.test:80", true), ("http://A.test/", " x , A.TEST ", false),
        ("http://10.1.2.3/", "10.0.0.0/8", false), ("http://11.1.2.3/", "10.0.0.0/8", true),
        ("http://10.1.2.3:81/", "10.1.2.3:80", true), ("http://10.1.2.3/", "10.1.2.3", false),
        ("http://[fd00::1]/", "fd00::/8", false), ("http://127.0.0.1/", "x", false),
        ("http://localhost/", "x", false), ("http://localhost/", "", true),
        ("http://b.a.test/", "*.a.test", false),
    ])
    func `exceptions are those of Go`(url: String, exceptions: String, proxied: Bool) throws {
        let rule = ProxyRule(options("http://p:1", exceptions: exceptions).proxy)
        #expect(rule.proxy(for: try HTTPAddress(url)) == (proxied ? "http://p:1" : nil))
    }

    @Test func `the environment decides where it is asked`() throws {
        var options = ProxyOptions()
        let environment = [
            "HTTPS_PROXY": "http://s:1", "http_proxy": "http://h:1", "NO_PROXY": "x",
        ]
        #expect(
            ProxyRule(options) { environment[$0] }.proxy(for: try HTTPAddress("http://a/")) == nil)
        options.fromEnvironment = true
        let rule = ProxyRule(options) { environment[$0] }
        #expect(rule.proxy(for: try HTTPAddress("http://a/")) == "http://h:1")
        #expect(rule.proxy(for: try HTTPAddress("https://a/")) == "http://s:1")
        #expect(rule.proxy(for: try HTTPAddress("https://x/")) == nil)
        #expect(rule.proxy(for: try HTTPAddress("http://127.0.0.9/")) == nil)
    }
}
