import Testing

@testable import Access

struct PresentedCredentialsTests {
    @Test(
        arguments: [
            ("Bearer abc", .token("abc", .bearer)),
            ("bearer abc", .token("abc", .bearer)),
            ("Token abc", .token("abc", .bearer)),
            ("token=abc", .token("abc", .bearer)),
            ("Metrics abc", .token("abc", .metricsToken)),
            ("METRICS abc", .token("abc", .metricsToken)),
            ("Basic YWxpY2U6c2VjcmV0", .password(username: "alice", password: "secret")),
            ("Basic eDphOmI=", .password(username: "x", password: "a:b")),
            ("Basic Og==", .password(username: "", password: "")),
            ("Bearer", nil), ("Bearer ", nil), ("Bearer a b", nil), ("Bearer  a", nil),
            ("token=", nil), ("Basic !!!", nil), ("Basic YWxpY2U=", nil), ("Digest abc", nil),
            ("", nil), ("abc", nil), ("Metrics a b", nil),
        ] as [(String, PresentedCredentials.Claim?)])
    func `the forms of Authorization`(header: String, claim: PresentedCredentials.Claim?) {
        let presented = PresentedCredentials(authorization: [header])
        #expect(presented.claims == (claim.map { [$0] } ?? []))
        #expect(presented.isMalformed == (claim == nil))
        #expect(!presented.isEmpty)
    }

    @Test func `a key of its own header is another claim`() {
        let presented = PresentedCredentials(authorization: ["Bearer a"], apiKeys: ["k"])
        #expect(presented.claims == [.token("a", .bearer), .token("k", .apiKey)])
    }

    @Test func `a header that comes twice is taken for none`() {
        #expect(PresentedCredentials(authorization: ["Bearer a", "Bearer a"]).claims.isEmpty)
        #expect(PresentedCredentials(authorization: ["Bearer a", "Bearer a"]).isMalformed)
        #expect(PresentedCredentials(apiKeys: ["a", "b"]).isMalformed)
        #expect(PresentedCredentials().isEmpty)
    }
}
