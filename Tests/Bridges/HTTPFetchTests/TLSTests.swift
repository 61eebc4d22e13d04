import TestKit
import Testing

@testable import HTTPFetch

/// TLS against a real nginx, with certificates made for the test.
struct TLSTests {
    private let client = HTTPClient()

    private func trusting(_ certificates: Certificates) -> HTTPClientOptions {
        var options = HTTPClientOptions()
        options.tls.authorities = .file(certificates.authority)
        options.tls.serverName = "weir.test"
        return options
    }

    /// Runs `body` beside a server that is up.
    private func withServer(
        protocols: String = "TLSv1.2 TLSv1.3",
        _ body: (Certificates, String, Int) async throws -> Void
    ) async throws {
        let certificates = try await Certificates.make()
        let port = try FreePort.tcp()
        let nginx = try await certificates.nginx(port: port, protocols: protocols)
        let url = "https://127.0.0.1:\(port)/"
        let request = try HTTPRequest(url)
        let isUp = try await eventually {
            if case .unreachable = await client.failure(request) { false } else { true }
        }
        #expect(isUp, "\(nginx.errors)")
        try await body(certificates, url, port)
        await nginx.stop()
    }

    @Test func `a server's certificate is checked by name and authority`() async throws {
        try await withServer { certificates, url, port in
            let request = try HTTPRequest(url)
            guard case .insecure(url, let reason) = await client.failure(request) else {
                throw Unexpected("an unknown authority was trusted")
            }
            #expect(reason.contains("certificate"))
            var options = trusting(certificates)
            let text = try await client.fetch(request, with: options).text
            #expect(text == "TLSv1.3 HTTP/2.0 127.0.0.1:\(port) weir.test ")
            options.tls.serverName = nil
            guard case .insecure = await client.failure(request, with: options) else {
                throw Unexpected("another name was trusted")
            }
            options.tls = TLSOptions()
            options.tls.skipsVerification = true
            options.allowsHTTP2 = false
            let unchecked = try await client.fetch(request, with: options)
            #expect(unchecked.text.hasPrefix("TLSv1.3 HTTP/1.1"))
            #expect(unchecked.timings.tls >= .zero)
            options.tls.maximumVersion = .tls12
            #expect(try await client.fetch(request, with: options).text.hasPrefix("TLSv1.2"))
        }
    }

    @Test func `versions that do not meet are an error`() async throws {
        try await withServer(protocols: "TLSv1.2") { certificates, url, _ in
            var options = trusting(certificates)
            options.tls.minimumVersion = .tls13
            guard case .insecure = await client.failure(try HTTPRequest(url), with: options) else {
                throw Unexpected("TLS 1.2")
            }
        }
    }

    @Test func `a client certificate is read again when its file changes`() async throws {
        try await withServer { certificates, url, _ in
            let folder = certificates.folder
            let copy = { (name: String) in
                let lines = "cp \(name).pem client.pem && cp \(name).key client.key"
                _ = try await ChildProcess.run(["sh", "-c", "cd \(folder.path) && \(lines)"])
            }
            try await copy("one")
            var options = trusting(certificates)
            options.tls.certificate = .file(folder.file("client.pem"))
            options.tls.key = .file(folder.file("client.key"))
            let request = try HTTPRequest(url)
            #expect(try await client.fetch(request, with: options).text.hasSuffix("CN=one"))
            try await copy("two")
            let isNew = try await eventually {
                try await client.fetch(request, with: options).text.hasSuffix("CN=two")
            }
            #expect(isNew)
        }
    }

    @Test func `a certificate that is none is an error without its text`() async throws {
        try await withServer { certificates, url, _ in
            var options = trusting(certificates)
            options.tls.certificate = .text("hidden")
            options.tls.key = .text("hidden")
            let error = await client.failure(try HTTPRequest(url), with: options)
            guard case .insecure = error else { throw Unexpected(error) }
            #expect(error?.description.contains("hidden") == false)
        }
    }

    @Test func `a route leads a name to another place`() async throws {
        try await withServer { certificates, _, port in
            let client = HTTPClient(routes: ["weir.test:443": "127.0.0.1:\(port)"])
            var options = trusting(certificates)
            options.tls.serverName = nil
            let answer = try await client.fetch(HTTPRequest("https://weir.test/"), with: options)
            #expect(answer.text.contains(" weir.test weir.test"))
        }
    }
}
