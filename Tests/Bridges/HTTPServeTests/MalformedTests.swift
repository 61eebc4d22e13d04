import HTTPServe
import TestKit
import Testing

private let malformed = "Your HTTP request was syntactically incorrect."
private let badLength = "Your HTTP request has wrong value for <b>Content-Length</b> header."
private let longLength = "Your HTTP request has too large value for <b>Content-Length</b> header."
private let badChunk = "Your HTTP chunked encoding was syntactically incorrect."
private let longChunk = "The chunk size used in your HTTP chunked encoded request is too large."
private let version = "Requested HTTP version is not supported."
private let oldVersion = "Requested HTTP version is too old and not supported."
private let tooBig = "Your HTTP header was too big for the memory constraints of this webserver."

/// What libmicrohttpd refuses before it tells the server, in its own words.
@Test(
    arguments: [
        ("GET /x HTTP/1.1\r\nHost: a\r\nnonsense\r\n\r\n", 400, malformed),
        ("GET /x HTTP/9.9\r\nHost: a\r\n\r\n", 505, version),
        ("GET /x HTTP/0.9\r\nHost: a\r\n\r\n", 505, oldVersion),
        ("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 5x\r\n\r\nhello", 400, badLength),
        ("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: +5\r\n\r\nhello", 400, badLength),
        ("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: -5\r\n\r\nhello", 400, badLength),
        (
            "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n", 413,
            longLength
        ),
        (
            "POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n", 400,
            badChunk
        ),
        (
            "POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                + "fffffffffffffffff\r\nhello\r\n", 413, longChunk
        ),
        (
            "GET /x HTTP/1.1\r\nHost: a\r\nX: \(String(repeating: "h", count: 40_000))\r\n\r\n",
            431, tooBig
        ),
        ("GET /\(String(repeating: "u", count: 40_000)) HTTP/1.1\r\nHost: a\r\n\r\n", 414, tooBig),
    ])
func `what is no HTTP is refused with a status, and nothing behind it is read`(
    request: String, status: Int, reason: String
) async throws {
    var router = Router()
    try router.add(Route([.get, .post], "/x") { _ in .text("reached") })
    try await serving(router) { served in
        let connection = try served.connect()
        await connection.send(request + "GET /x HTTP/1.1\r\nHost: smuggled\r\n\r\n")
        let text = String(decoding: await connection.readToEnd(), as: UTF8.self)
        #expect(text.hasPrefix("HTTP/1.1 \(status) "), "\(text.prefix(400))")
        #expect(text.contains(reason), "\(text.prefix(600))")
        #expect(!text.contains("reached"))
        #expect(text.lowercased().contains("connection: close"))
    }
}
