import TestKit
import Testing

@testable import HTTPFetch

struct HTTPClientTests {
    private let client = HTTPClient(userAgent: "Weir/test")

    @Test func `an answer has status, header, body and timings`() async throws {
        let server = try ScriptedServer.answering { _ in
            ScriptedAnswer(
                200, ["Content-Type: text/plain", "X-Two: a", "x-two: b"], body: "up 1\n")
        }
        let request = HTTPRequest("GET", try HTTPAddress(server.url("/metrics?a=b")))
        let response = try await client.fetch(request)
        #expect(response.status == 200)
        #expect(response.fields["content-type"] == "text/plain")
        #expect(response.fields.all.filter { $0.name.lowercased() == "x-two" }.count == 2)
        #expect(String(decoding: response.body, as: UTF8.self) == "up 1\n")
        #expect(response.version == "1.1")
        #expect(response.timings.total > .zero)
        #expect(response.timings.total >= response.timings.firstByte)
        let asked = try #require(server.requests.first)
        #expect(asked.line == "GET /metrics?a=b HTTP/1.1")
        #expect(asked["Host"] == "127.0.0.1:\(server.port)")
        #expect(asked["User-Agent"] == "Weir/test")
        #expect(asked["Accept-Encoding"] == "gzip")
        #expect(asked["Authorization"] == nil)
    }
}
