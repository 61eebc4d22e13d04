import Glibc
import HTTPServe
import TestKit
import Testing

/// Certificates of an authority made for these tests.
private struct Authority {
    /// The certificates that the tests share: making keys takes a while.
    private static let shared = Task {
        let authority = try await Authority()
        for name in ["one", "two"] { try await authority.issue(name, "IP:127.0.0.1") }
        for (name, names) in [
            ("good", "DNS:good.example,IP:10.1.2.3"), ("other", "DNS:other.example"),
        ] { try await authority.issue(name, names) }
        try await authority.openssl(
            "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=stranger "
                + "-keyout stranger.key -out stranger.pem")
        return authority
    }

    static func made() async throws -> Authority { try await shared.value }

    let folder: TemporaryFolder

    private init() async throws {
        folder = try TemporaryFolder("tls")
        try await openssl(
            "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=authority -keyout ca.key -out ca.pem"
        )
    }

    /// A certificate `name.pem` with its key `name.key`.
    private func issue(_ name: String, _ names: String) async throws {
        try folder.write("subjectAltName=\(names)\n", to: "names")
        try await openssl(
            "req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /O=weir/CN=\(name) -keyout \(name).key -out \(name).csr"
        )
        try await openssl(
            "x509 -req -in \(name).csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 "
                + "-extfile names -out \(name).pem")
    }

    func options(_ name: String) throws -> TLSOptions {
        TLSOptions(certificate: try read("\(name).pem"), key: try read("\(name).key"))
    }

    func read(_ name: String) throws -> [UInt8] {
        let descriptor = open(folder.file(name), O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw SystemError("open", path: name) }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 65_536)
        let count = Glibc.read(descriptor, &bytes, bytes.count)
        return Array(bytes.prefix(max(0, count)))
    }

    private func openssl(_ arguments: String) async throws {
        let result = try await shell("openssl \(arguments)")
        try #require(result.status == 0, "\(result.errors)")
    }

    /// Runs `command` in the folder of the certificates.
    func shell(_ command: String) async throws -> ChildProcess.Outcome {
        try await ChildProcess.run(["sh", "-c", "cd \(folder.path) && \(command)"])
    }

    func curl(_ served: Served, _ more: String = "") async throws -> ChildProcess.Outcome {
        try await shell("curl -s -S --cacert ca.pem \(more) https://127.0.0.1:\(served.port)/x")
    }
}

private func sample() throws -> Router {
    try router("/x") { request in
        let certificate = request.clientCertificate
        return .text(
            "\(request.isSecure) \(certificate?.subject ?? "nobody") "
                + "\(certificate?.commonName ?? "-") \(certificate?.alternativeNames ?? []) "
                + "\(certificate?.isVerified ?? false)")
    }
}

@Test func `a certificate changes without a connection being dropped`() async throws {
    let authority = try await Authority.made()
    let first = try authority.options("one")
    try await serving(sample(), options: { $0.tls = first }) { served in
        let show =
            "</dev/null openssl s_client -connect 127.0.0.1:\(served.port) 2>/dev/null"
            + " | openssl x509 -noout -subject"
        let before = try await authority.shell(show)
        #expect(before.output.contains("CN = one"))
        #expect(try await authority.curl(served).output == "true nobody - [] false")
        // A connection of before the change asks again after it.
        async let old = authority.shell(
            "(printf 'GET /x HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n'; "
                + "while [ ! -e go ]; do sleep 0.02; done; "
                + "printf 'GET /x HTTP/1.1\\r\\nHost: a\\r\\nConnection: close\\r\\n\\r\\n'; "
                + "sleep 0.2) | openssl s_client -quiet -connect 127.0.0.1:\(served.port)")
        #expect(try await eventually { served.server.connectionCount == 1 })
        try await served.server.replaceTLS(try authority.options("two"))
        let after = try await authority.shell(show)
        #expect(after.output.contains("CN = two"))
        try authority.folder.write("", to: "go")
        let answers = try await old.output
        #expect(answers.split(separator: "true nobody").count == 3, "\(answers)")
    }
}

@Test(
    arguments: [
        (TLSOptions.ClientAuthentication.none, "", "true nobody - [] false"),
        (.none, "good", "true nobody - [] false"),
        (.request, "", "true nobody - [] false"),
        (.requireAny, "", nil),
        (.requireAny, "good", "true CN=good,O=weir good [\"good.example\", \"10.1.2.3\"] true"),
        (.verifyIfGiven, "", "true nobody - [] false"),
        (.verifyIfGiven, "good", "true CN=good,O=weir good [\"good.example\", \"10.1.2.3\"] true"),
        (.verifyIfGiven, "stranger", nil),
        (.requireAndVerify, "", nil),
        (.requireAndVerify, "stranger", nil),
        (.requireAndVerify, "other", nil),
        (
            .requireAndVerify, "good",
            "true CN=good,O=weir good [\"good.example\", \"10.1.2.3\"] true"
        ),
    ] as [(TLSOptions.ClientAuthentication, String, String?)])
func `client certificates are asked for and checked as the settings say`(
    kind: TLSOptions.ClientAuthentication, client: String, answer: String?
) async throws {
    let authority = try await Authority.made()
    var tls = try authority.options("one")
    tls.clientAuthentication = kind
    tls.clientAuthorities = try authority.read("ca.pem")
    tls.isAllowed = { $0.alternativeNames.contains("good.example") }
    try await serving(sample(), options: { $0.tls = tls }) { served in
        let shown = client.isEmpty ? "" : "--cert \(client).pem --key \(client).key"
        let result = try await authority.curl(served, shown)
        if let answer { #expect(result.output == answer) } else { #expect(result.status != 0) }
    }
}

@Test(
    arguments: [
        ("-tls1", nil, nil, false), ("-tls1_1", nil, nil, false), ("-tls1_2", nil, nil, true),
        ("-tls1_3", nil, nil, true), ("-tls1_2", TLSOptions.Version.tls13, nil, false),
        ("-tls1_3", nil, TLSOptions.Version.tls12, false),
        ("-tls1_2 -cipher AES128-SHA", nil, nil, false),
        ("-tls1_2 -cipher AES128-GCM-SHA256", nil, nil, false),
        ("-tls1_2 -cipher ECDHE-ECDSA-AES128-SHA", nil, nil, false),
        ("-tls1_2 -cipher ECDHE-ECDSA-AES256-GCM-SHA384", nil, nil, true),
    ] as [(String, TLSOptions.Version?, TLSOptions.Version?, Bool)])
func `no old protocol and no weak cipher is spoken`(
    flags: String, minimum: TLSOptions.Version?, maximum: TLSOptions.Version?, isTaken: Bool
) async throws {
    let authority = try await Authority.made()
    var tls = try authority.options("one")
    if let minimum { tls.minimumVersion = minimum }
    if let maximum { tls.maximumVersion = maximum }
    try await serving(sample(), options: { $0.tls = tls }) { served in
        // SECLEVEL=0, so that it is not the client that refuses.
        let result = try await authority.shell(
            "</dev/null openssl s_client -cipher ALL:@SECLEVEL=0 \(flags) "
                + "-connect 127.0.0.1:\(served.port)")
        #expect((result.status == 0) == isTaken, "\(result.output) \(result.errors)")
    }
}

@Test func `a chosen cipher suite is the only one of TLS 1.2`() async throws {
    let authority = try await Authority.made()
    var tls = try authority.options("one")
    tls.cipherSuites = ["TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"]
    tls.curves = ["CurveP256"]
    try await serving(sample(), options: { $0.tls = tls }) { served in
        for (cipher, isTaken) in [("128-GCM-SHA256", true), ("256-GCM-SHA384", false)] {
            let result = try await authority.shell(
                "</dev/null openssl s_client -tls1_2 -cipher ECDHE-ECDSA-AES\(cipher) "
                    + "-connect 127.0.0.1:\(served.port)")
            #expect((result.status == 0) == isTaken)
        }
    }
}

@Test func `a client cannot renegotiate`() async throws {
    let authority = try await Authority.made()
    let tls = try authority.options("one")
    try await serving(sample(), options: { $0.tls = tls }) { served in
        let result = try await authority.shell(
            "(echo R; sleep 0.3; printf 'GET /x HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n'; sleep 0.3) | "
                + "openssl s_client -tls1_2 -connect 127.0.0.1:\(served.port)")
        #expect(result.output.contains("RENEGOTIATING") || result.errors.contains("RENEGOTIATING"))
        #expect(!result.output.contains("true nobody"))
    }
}

/// What `testssl` looks for, beside old protocols.
@Test(arguments: [
    "-tls1_2 -cipher aNULL:@SECLEVEL=0", "-tls1_2 -cipher eNULL:@SECLEVEL=0",
    "-tls1_2 -cipher kRSA:@SECLEVEL=0", "-tls1_2 -cipher kDHE:@SECLEVEL=0",
    "-tls1_2 -cipher CAMELLIA:@SECLEVEL=0", "-tls1_2 -cipher SHA1:@SECLEVEL=0",
    // A client that was talked down to TLS 1.2.
    "-tls1_2 -fallback_scsv",
])
func `what is weak is refused by the server itself`(flags: String) async throws {
    let authority = try await Authority.made()
    let tls = try authority.options("one")
    try await serving(sample(), options: { $0.tls = tls }) { served in
        let result = try await authority.shell(
            "</dev/null openssl s_client \(flags) -connect 127.0.0.1:\(served.port)")
        #expect(result.status != 0)
        #expect(result.errors.contains("alert"), "\(result.errors)")
    }
}

@Test func `nothing is compressed under TLS, and ciphers are chosen by the server`() async throws {
    let authority = try await Authority.made()
    let tls = try authority.options("one")
    try await serving(sample(), options: { $0.tls = tls }) { served in
        for (first, second) in [("128", "256"), ("256", "128")] {
            let result = try await authority.shell(
                "</dev/null openssl s_client -tls1_2 -comp -cipher "
                    + "ECDHE-ECDSA-AES\(first)-GCM-SHA\(first == "128" ? "256" : "384"):"
                    + "ECDHE-ECDSA-AES\(second)-GCM-SHA\(second == "128" ? "256" : "384") "
                    + "-connect 127.0.0.1:\(served.port)")
            #expect(result.output.contains("Compression: NONE"))
            #expect(result.output.contains("Secure Renegotiation IS supported"))
            #expect(result.output.contains("Cipher is ECDHE-ECDSA-AES128-GCM-SHA256"))
        }
    }
}

@Test func `a slow handshake is cut off`() async throws {
    let authority = try await Authority.made()
    let tls = try authority.options("one")
    try await serving(
        sample(),
        options: {
            $0.tls = tls
            $0.headerTimeout = .milliseconds(100)
        }
    ) { served in
        let connection = try served.connect()
        await connection.send([22, 3, 1])
        let rest = await connection.readToEnd()
        #expect(rest.count < 64)
    }
}

@Test func `what TLS cannot use is refused before the server starts`() async throws {
    let authority = try await Authority.made()
    let good = try authority.options("one")
    let mixed = TLSOptions(certificate: good.certificate, key: try authority.read("two.key"))
    #expect(
        refusal(mixed) { _ in }
            == "TLS: certificate and key: The certificate and the given key do not match.")
    #expect(refusal(good) { $0.key = [] }?.hasPrefix("TLS: certificate and key: ") == true)
    #expect(
        refusal(good) { $0.cipherSuites = ["TLS_RSA_WITH_RC4_128_SHA"] }
            == "TLS: cipher suite TLS_RSA_WITH_RC4_128_SHA: it is unknown, or not safe")
    #expect(
        refusal(good) { $0.curves = ["P1"] }
            == "TLS: curve P1: it is unknown; known are CurveP256, CurveP384, CurveP521, X25519")
    #expect(
        refusal(good) { $0.clientAuthentication = .requireAndVerify }
            == "TLS: client_auth_type RequireAndVerifyClientCert: it needs client_ca_file")
    #expect(
        refusal(good) { ($0.minimumVersion, $0.maximumVersion) = (.tls13, .tls12) }
            == "TLS: min_version: it is newer than max_version")
    #expect(refusal(good) { _ in } == nil)
}

private func refusal(_ options: TLSOptions, _ change: (inout TLSOptions) -> Void) -> String? {
    var options = options
    change(&options)
    do {
        try options.check()
        return nil
    } catch { return error.description }
}
