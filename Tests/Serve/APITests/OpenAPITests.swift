import API
import Glibc
import HTTPServe
import Model
import TestKit
import Testing

struct OpenAPITests {
    private static let path =
        #filePath.split(separator: "/").dropLast(4).reduce("") { "\($0)/\($1)" }
        + "/docs/openapi.yaml"

    /// With `UPDATE_DOCS=1` the test writes the file anew in place of comparing it.
    @Test func `the document in docs is the one that the router gives`() async throws {
        let live = try LiveServer()
        live.readiness.state = .ready
        try await live.run { base in
            let answer = try await HTTPAnswer.of(base + "/api/v1/openapi.yaml")
            #expect(answer.status == 200)
            #expect(answer["content-type"] == "application/yaml")
            let written = try Self.read()
            if getenv("UPDATE_DOCS") != nil {
                try Self.write(answer.body)
            } else {
                #expect(
                    written == answer.body,
                    "UPDATE_DOCS=1 swift test --filter OpenAPITests writes it anew")
            }
        }
    }

    @Test func `every route is in it`() async throws {
        let live = try LiveServer()
        live.readiness.state = .ready
        try await live.run { base in
            let text = try await HTTPAnswer.of(base + "/api/v1/openapi.yaml").body
            for route in live.routes {
                let path = route.pattern.replacing(/:([a-z]+)/) { "{\($0.1)}" }
                #expect(text.contains("\n  \"\(path)\":\n"), "\(path)")
            }
        }
    }

    @Test(
        arguments: [("", "3.1.0"), ("3.1", "3.1.0"), ("3.2", "3.2.0"), ("4", nil)]
            as [(String, String?)])
    func `the version may be asked for`(asked: String, expected: String?) async throws {
        let live = try LiveServer()
        live.readiness.state = .ready
        try await live.run { base in
            let answer = try await HTTPAnswer.of(
                base + "/api/v1/openapi.yaml?openapi_version=\(asked)")
            #expect(answer.status == (expected == nil ? 400 : 200))
            if let expected { #expect(answer.body.hasPrefix("openapi: \"\(expected)\"\n")) }
        }
    }

    private static func read() throws -> String {
        let file = open(path, O_RDONLY | O_CREAT, 0o644)
        guard file >= 0 else { throw FileFailure() }
        defer { close(file) }
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = Glibc.read(file, &piece, piece.count)
            guard count > 0 else { return String(decoding: bytes, as: UTF8.self) }
            bytes += piece[..<count]
        }
    }

    private static func write(_ text: String) throws {
        let file = open(path, O_WRONLY | O_TRUNC)
        guard file >= 0 else { throw FileFailure() }
        defer { close(file) }
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
            guard count > 0 else { throw FileFailure() }
            rest = rest.dropFirst(count)
        }
    }

    private struct FileFailure: Error {}
}
