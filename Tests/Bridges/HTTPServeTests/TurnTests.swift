import Glibc
import HTTPServe
import TestKit
import Testing
import Threads

private let request = "GET /x HTTP/1.1\r\nHost: a\r\n\r\n"

/// Routes of which one holds its thread up until another one lets it go.
private func sample(_ isHeld: Locked<Bool>, _ arrived: Locked<Int>) throws -> Router {
    var router = Router()
    try router.on(.get, "/held") { _ in
        isHeld.withLock { $0 = true }
        arrived.withLock { $0 += 1 }
        var left = 8_000
        while isHeld.withLock({ $0 }), left > 0 {
            usleep(1000)
            left -= 1
        }
        return .text("let go, \(left > 0)")
    }
    try router.on(.get, "/release") { _ in
        isHeld.withLock { $0 = false }
        return .text("released")
    }
    try router.on(.get, "/x") { _ in .text("default") }
    try router.add(Route([.get], "/quick", isQuick: true) { _ in .text("quick") })
    try router.add(Route([.get], "/heavy", isHeavy: true) { _ in .text("heavy") })
    try router.on(.get, "/yielding") { _ in
        for _ in 0..<1000 { await Task.yield() }
        return .text("yielding")
    }
    try router.on(.get, "/stream") { _ in
        ServerResponse { body in
            for _ in 0..<100 { try await body.write([UInt8](repeating: 120, count: 50_000)) }
        }
    }
    return router
}

@Test func `a handler that holds its thread up holds nobody else up`() async throws {
    let (isHeld, arrived) = (Locked(false), Locked(0))
    try await serving(sample(isHeld, arrived)) { served in
        for round in 1...5 {
            let held = try served.connect()
            await held.send("GET /held HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(try await eventually { arrived.withLock { $0 } == round })
            for path in ["x", "quick", "heavy", "yielding"] {
                let answer = try await served.get("/\(path)")
                #expect(answer.text == (path == "x" ? "default" : path))
            }
            #expect(try await served.get("/stream").body.count == 5_000_000)
            #expect(isHeld.withLock { $0 })
            #expect(try await served.get("/release").text == "released")
            #expect(try await held.answer().text == "let go, true")
            // The thread that was left behind is the next one again.
            #expect(try await held.ask(request).text == "default")
        }
    }
}

@Test func `many handlers take turns with the sockets`() async throws {
    let router = try sample(Locked(false), Locked(0))
    try await serving(router, options: { $0.threads = 2 }) { served in
        try await withThrowingTaskGroup { group in
            for _ in 0..<8 {
                group.addTask {
                    let connection = try served.connect()
                    for path in ["x", "yielding", "quick", "heavy", "yielding", "x"] {
                        let answer = try await connection.ask(
                            "GET /\(path) HTTP/1.1\r\nHost: a\r\n\r\n")
                        #expect(answer.text == (path == "x" ? "default" : path))
                    }
                }
            }
            try await group.waitForAll()
        }
    }
}

@Test func `what a handler does after the server's end is still done`() async throws {
    let (began, done) = (Locked(false), Locked(false))
    let router = try router("/x") { _ in
        began.withLock { $0 = true }
        // Deaf to being cancelled.
        await Task { try? await Task.sleep(for: .milliseconds(300)) }.value
        await Task.yield()
        done.withLock { $0 = true }
        return .text("late")
    }
    try await serving(router) { served in
        let connection = try served.connect()
        await connection.send(request)
        #expect(try await eventually { began.withLock { $0 } })
        await served.server.stop(grace: .zero)
        #expect(try await eventually { done.withLock { $0 } })
    }
}
