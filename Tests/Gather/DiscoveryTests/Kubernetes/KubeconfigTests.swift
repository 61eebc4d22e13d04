import HTTPFetch
import TestKit
import Testing
import YAML

@testable import Discovery

struct KubeconfigTests {
    private static func access(_ text: String) throws -> ClusterAccess {
        try Kubeconfig(YAMLReader.read(Array(text.utf8), file: "/etc/kube/config")).access()
    }

    private static func config(cluster: String = "server: https://one:6443", user: String) -> String
    {
        """
        apiVersion: v1
        kind: Config
        current-context: work
        clusters:
          - {name: other, cluster: {server: "https://other"}}
          - {name: one, cluster: {\(cluster)}}
        contexts:
          - {name: home, context: {cluster: other, user: ops}}
          - {name: work, context: {cluster: one, user: ops, namespace: shop}}
        users:
          - {name: ops, user: {\(user)}}
        """
    }

    @Test func `the current context says which cluster is asked, and as whom`() throws {
        let access = try Self.access(
            Self.config(
                cluster: """
                    server: "https://one:6443/k8s", certificate-authority-data: Q0EK, \
                    tls-server-name: kube, proxy-url: "http://proxy:3128"
                    """, user: "client-certificate: crt.pem, client-key: /keys/key.pem"))
        #expect(access.server.text == "https://one:6443/k8s")
        #expect(access.options.tls.authorities == .text("CA\n"))
        #expect(access.options.tls.serverName == "kube")
        #expect(access.options.tls.certificate == .file("/etc/kube/crt.pem"))
        #expect(access.options.tls.key == .file("/keys/key.pem"))
        #expect(access.options.proxy.url == "http://proxy:3128")
        #expect(access.options.authorization == nil)
        #expect(!access.options.tls.skipsVerification)
    }

    @Test(
        arguments: [
            ("token: abc", Authorization.bearer(.text("abc"))),
            ("token: abc, tokenFile: t", .bearer(.file("/etc/kube/t"))),
            (
                "username: ann, password: pw",
                .basic(username: .text("ann"), password: .text("pw"))
            ),
            ("", nil),
        ] as [(String, Authorization?)])
    func `a user is a token, a token's file, or a name and a password`(
        user: String, expected: Authorization?
    ) throws {
        #expect(try Self.access(Self.config(user: user)).options.authorization == expected)
    }

    @Test func `a user may act as another`() throws {
        let options = try Self.access(
            Self.config(user: "token: abc, as: bob, as-groups: [a, b]")
        ).options
        #expect(
            options.headers == [
                CustomHeader("Impersonate-User", values: ["bob"]),
                CustomHeader("Impersonate-Group", values: ["a", "b"]),
            ])
    }

    @Test func `inline keys and an unchecked server are taken as they are`() throws {
        let options = try Self.access(
            Self.config(
                cluster: "server: https://one, insecure-skip-tls-verify: true",
                user: "client-certificate-data: Q0EK, client-key-data: S0VZCg==")
        ).options
        #expect(options.tls.certificate == .text("CA\n"))
        #expect(options.tls.key == .text("KEY\n"))
        #expect(options.tls.skipsVerification)
    }

    @Test(arguments: [
        (
            config(user: "exec: {command: aws}"),
            """
            /etc/kube/config: its user gets credentials from a program (exec), which Weir \
            does not run; write a token, a tokenFile or a client certificate
            """
        ),
        (
            config(user: "auth-provider: {name: gcp}"),
            """
            /etc/kube/config: its user gets credentials from a program (auth-provider), \
            which Weir does not run; write a token, a tokenFile or a client certificate
            """
        ),
        (
            config(user: "client-key-data: '%%'"),
            "/etc/kube/config: client-key-data is no base64"
        ),
        (
            config(cluster: "", user: ""), "/etc/kube/config: the cluster has no server"
        ),
        ("current-context: x", "/etc/kube/config: there is no context \"x\""),
        ("kind: Config", "/etc/kube/config: there is no current-context"),
        ("- a", "/etc/kube/config: it holds no kubeconfig"),
    ])
    func `what cannot work is said`(text: String, expected: String) {
        let error = #expect(throws: DiscoveryError.self) { try Self.access(text) }
        #expect(error?.description == expected)
    }
}
