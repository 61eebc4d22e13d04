import Access
import TestKit
import Testing

/// What senders of remote write are answered, over a socket.
@Suite struct ReceiveHandlersTests {
    /// The answer to a post of `body`; one NUL is a block of nothing in snappy's format.
    private func post(
        _ base: String, _ fields: [String], body: String = "\0"
    ) async throws -> HTTPAnswer {
        let folder = try TemporaryFolder("write")
        let path = try folder.write(body, to: "body")
        return try await HTTPAnswer.of(
            base + "/api/v1/write",
            ["--data-binary", "@\(path)"] + fields.flatMap { ["-H", $0] })
    }

    @Test(arguments: [
        (["Content-Type: application/x-protobuf"], 204),
        (["Content-Type:"], 204),
        (["Content-Type: application/x-protobuf;proto=prometheus.WriteRequest"], 204),
        (["Content-Type: application/x-protobuf;proto=io.prometheus.write.v2.Request"], 204),
        (["Content-Type: application/x-protobuf;proto=some.Other"], 415),
        (["Content-Type: application/x-protobuf;broken"], 415),
        (["Content-Type: application/json"], 415),
        (["Content-Type: application/x-protobuf", "Content-Encoding: gzip"], 415),
        (["Content-Type: application/x-protobuf", "Content-Encoding: snappy"], 204),
    ])
    func `only snappy and the two messages are taken`(
        _ fields: [String], _ status: Int
    ) async throws {
        let server = try LiveServer(receives: true)
        try await server.run { base in
            let answer = try await post(base, fields)
            #expect(answer.status == status, "\(answer)")
            let counted = answer["x-prometheus-remote-write-samples-written"]
            #expect(counted == (fields[0].contains("v2") ? "0" : nil))
        }
    }

    @Test func `a body that cannot be read is the sender's fault`() async throws {
        let server = try LiveServer(receives: true)
        try await server.run { base in
            let answer = try await post(
                base, ["Content-Type: application/x-protobuf"], body: "hello")
            #expect(answer.status == 400, "\(answer)")
            #expect(answer.body.contains("snappy"))
        }
    }

    @Test func `to write needs its permission`() async throws {
        let reader = try CredentialSettings(
            name: "reader", kind: .bearer, secret: .plain("s3cret"), permissions: [.query]
        ).credential()
        let server = try LiveServer([reader], access: .guarded, receives: true)
        try await server.run { base in
            let answer = try await post(
                base,
                ["Content-Type: application/x-protobuf", "Authorization: Bearer s3cret"])
            #expect(answer.status == 403, "\(answer)")
        }
    }
}
