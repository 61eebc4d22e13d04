import Compression
import TestKit
import Testing

@testable import HTTPServe

@Test(
    arguments: [
        ("gzip", ContentCoding.gzip), ("gzip, deflate, br, zstd", .zstd), ("deflate", .deflate),
        ("gzip;q=1.0, zstd;q=0.5", .gzip), ("*", .zstd), ("*;q=0.1, zstd;q=0", .gzip),
        ("gzip;q=0", nil), ("br", nil), ("identity", nil), ("", nil), ("GZIP", .gzip),
    ] as [(String, ContentCoding?)])
func `the coding that the client likes best is taken`(accepted: String, coding: ContentCoding?) {
    #expect(acceptedCoding(accepted) == coding)
}

private let long = String(repeating: "{\"a\": 1}\n", count: 500)

@Test(arguments: [ContentCoding.gzip, .deflate, .zstd])
func `an answer is packed as asked`(coding: ContentCoding) async throws {
    try await serving(router("/x") { _ in .text(long) }) { served in
        let answer = try await served.get("/x", "Accept-Encoding: \(coding.rawValue)")
        #expect(answer["content-encoding"] == coding.rawValue)
        #expect(answer["vary"] == "Accept-Encoding")
        #expect(answer.body.count < 500)
        #expect(try inflate(answer.body, from: coding, limit: 10_000) == Array(long.utf8))
        let plain = try await served.get("/x")
        #expect(plain["content-encoding"] == nil)
        #expect(plain.text == long)
    }
}

@Test(arguments: [ContentCoding.gzip, .zstd])
func `a streamed answer is packed while it is written`(coding: ContentCoding) async throws {
    let router = try router("/x") { _ in
        ServerResponse(fields: ["Content-Type": "text/plain"]) { body in
            for _ in 0..<100 { try await body.write(long) }
        }
    }
    try await serving(router) { served in
        let answer = try await served.get("/x", "Accept-Encoding: \(coding.rawValue)")
        #expect(answer["content-encoding"] == coding.rawValue)
        let plain = try inflate(answer.body, from: coding, limit: 1_000_000)
        #expect(plain.count == long.utf8.count * 100)
    }
}

@Test func `short, unknown and packed bodies stay as they are`() async throws {
    var router = Router()
    try router.on(.get, "/short") { _ in .text("short") }
    try router.on(.get, "/image") { _ in
        ServerResponse(fields: ["Content-Type": "image/png"], bytes: Array(long.utf8))
    }
    try router.on(.get, "/never") { _ in
        var response = ServerResponse.text(long)
        response.compression = .never
        return response
    }
    try await serving(router) { served in
        for path in ["/short", "/image", "/never"] {
            let answer = try await served.get(path, "Accept-Encoding: gzip")
            #expect(answer["content-encoding"] == nil)
        }
    }
}

@Test func `browsers are told as Prometheus tells them`() async throws {
    try await serving(router("/x") { _ in .text("x") }, options: { $0.cors = .everyOrigin }) {
        served in
        let answer = try await served.get("/x", "Origin: http://a.example")
        #expect(answer["access-control-allow-origin"] == "*")
        #expect(answer["access-control-allow-methods"] == "GET, POST, OPTIONS")
        #expect(
            answer["access-control-allow-headers"] == "Accept, Authorization, Content-Type, Origin")
        #expect(answer["access-control-expose-headers"] == "Date")
        #expect(answer["vary"] == "Origin")
        #expect(try await served.get("/x")["access-control-allow-origin"] == nil)
        let preflight = try await served.ask(
            "OPTIONS /x HTTP/1.1\r\nHost: a\r\nOrigin: http://a.example\r\n\r\n")
        #expect(preflight.status == 204)
        #expect(preflight["access-control-allow-origin"] == "*")
    }
}

@Test func `an origin that is not allowed is told nothing`() async throws {
    let policy = CORSPolicy.origins { $0.hasSuffix(".good") }
    try await serving(router("/x") { _ in .text("x") }, options: { $0.cors = policy }) { served in
        let good = try await served.get("/x", "Origin: http://a.good")
        #expect(good["access-control-allow-origin"] == "http://a.good")
        let bad = try await served.get("/x", "Origin: http://a.bad")
        #expect(bad["access-control-allow-origin"] == nil)
        #expect(bad["vary"] == "Origin")
    }
}
