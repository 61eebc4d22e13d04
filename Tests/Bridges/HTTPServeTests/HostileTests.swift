import HTTPServe
import TestKit
import Testing

private struct Dice {
    var state: UInt64
    mutating func roll(_ sides: Int) -> Int {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Int(truncatingIfNeeded: state >> 33) % sides
    }
}

private let seeds = [
    "GET /x HTTP/1.1\r\nHost: a\r\n\r\n",
    "POST /x?q=1 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
    "POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    "HEAD /x/%20 HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip;q=1\r\nOrigin: b\r\n\r\n",
    "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
]
private let pieces = [
    "\r\n", "\n", "\0", ":", " ", "\t", "%", "..", "Content-Length: -1\r\n", "Host:\r\n",
    "Transfer-Encoding: chunked\r\n", "Transfer-Encoding : chunked\r\n", "ffffffffffffffffff\r\n",
    "HTTP/9.9", "HTTP/1.0", "Expect: 100-continue\r\n", "\u{feff}", "é",
    String(repeating: "A", count: 9000), "Connection: close\r\n", " folded\r\n",
]

@Test func `nothing that is sent brings the server down`() async throws {
    var dice = Dice(state: 7)
    var router = Router()
    try router.add(Route([.get, .post], "/x") { .text("\($0.body.count)") })
    try router.add(
        Route([.get, .post], "/x/*rest", body: .streamed(limit: 50)) { request in
            while try await request.bodyStream?.next() != nil {}
            return .text("read")
        })
    try await serving(
        router, gate: { _ in .admit() },
        options: {
            $0.headerTimeout = .milliseconds(100)
            $0.bodyTimeout = .milliseconds(100)
            $0.idleTimeout = .milliseconds(100)
        }
    ) { served in
        for _ in 0..<400 {
            var bytes = Array(seeds[dice.roll(seeds.count)].utf8)
            for _ in 0...dice.roll(4) {
                let place = dice.roll(bytes.count + 1)
                switch dice.roll(4) {
                case 0: bytes.insert(contentsOf: pieces[dice.roll(pieces.count)].utf8, at: place)
                case 1: if place < bytes.count { bytes[place] = UInt8(dice.roll(256)) }
                case 2: bytes.removeSubrange(place..<min(bytes.count, place + dice.roll(20)))
                default: bytes += seeds[dice.roll(seeds.count)].utf8
                }
            }
            let connection = try served.connect()
            await connection.send(bytes)
            if dice.roll(2) == 0 { await connection.finishSending() }
            if dice.roll(4) == 0 { _ = await connection.readToEnd() }
            await connection.close(hard: dice.roll(2) == 0)
        }
        let answer = try await served.get("/x")
        #expect(answer.status == 200)
        #expect(try await eventually { served.server.connectionCount <= 1 })
    }
}

@Test(arguments: [
    "POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n",
    "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 5x\r\n\r\nhello",
    "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: +5\r\n\r\nhello",
    "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\nhello",
    "POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "GET /x\r\nHost: a\r\n\r\n",
    "GET /x HTTP/1.1\r\nHost: a\r\nnonsense\r\n\r\n",
])
func `a request that two servers may read differently is refused`(request: String) async throws {
    var router = Router()
    try router.add(Route([.get, .post], "/x") { _ in .text("reached") })
    try await serving(router, options: { $0.headerTimeout = .seconds(1) }) { served in
        let connection = try served.connect()
        await connection.send(request + "GET /x HTTP/1.1\r\nHost: smuggled\r\n\r\n")
        let text = String(decoding: await connection.readToEnd(), as: UTF8.self)
        #expect(!text.contains("reached"))
    }
}
