import Access
import Crypto
import Model
import Telemetry
import Testing
import Threads

struct GatekeeperTests {
    private let now = Timestamp(milliseconds: 1_800_000_000_000)
    private let registry = MetricRegistry()
    private let lines = Locked<[String]>([])

    private func keeper(
        _ credentials: [Credential], otherTokens: Gatekeeper.TokenCheck? = nil
    ) throws -> Gatekeeper {
        let lines = lines
        let log = Log(level: .debug) { line in
            lines.withLock { $0.append(line.text(as: .logfmt)) }
        }
        return Gatekeeper(
            try CredentialTable(credentials), registry: registry, log: log,
            otherTokens: otherTokens)
    }

    private func ask(
        _ keeper: Gatekeeper, _ authorization: String? = nil, key: String? = nil,
        certificate: [String] = [], from address: String? = "192.0.2.1",
        by listener: ListenerAccess = .guarded, for requirement: Requirement = .credential,
        after seconds: Int64 = 0
    ) async throws -> Result<Caller, Refusal> {
        await keeper.admit(
            PresentedCredentials(
                authorization: authorization.map { [$0] } ?? [], apiKeys: key.map { [$0] } ?? [],
                certificateNames: certificate),
            from: try address.map { try IPAddress($0) }, by: listener, asking: requirement,
            now: now + .seconds(seconds))
    }

    private func basic(_ user: String, _ password: String) -> String {
        "Basic " + Base64.standard.encode(Array("\(user):\(password)".utf8))
    }

    private func value(_ name: String, _ labels: Labels = Labels()) -> Double? {
        registry.snapshot().first { $0.name == name }?.lines.first { $0.labels == labels }?.value
    }

    @Test func `every kind lets in by its own form, and by no other`() async throws {
        let keeper = try keeper([
            token("b", .bearer, secret: "tb"), token("m", .metricsToken, secret: "tm"),
            token("k", .apiKey, secret: "tk"), token("u", .basic, secret: "pw"),
            Credential(
                name: "c", kind: .clientCertificate, secret: .certificate(names: ["c.example"]),
                permissions: [.query]),
        ])
        func name(_ result: Result<Caller, Refusal>) -> String? { try? result.get().name }
        #expect(name(try await ask(keeper, "Bearer tb")) == "b")
        #expect(name(try await ask(keeper, "Token tb")) == "b")
        #expect(name(try await ask(keeper, "token=tb")) == "b")
        #expect(name(try await ask(keeper, "Metrics tm")) == "m")
        #expect(name(try await ask(keeper, basic("anyone", "tm"))) == "m")
        #expect(name(try await ask(keeper, key: "tk")) == "k")
        #expect(name(try await ask(keeper, basic("u", "pw"))) == "u")
        #expect(name(try await ask(keeper, certificate: ["c.example"])) == "c")
        for wrong in ["Bearer tm", "Bearer tk", "Metrics tb", basic("u", "tb"), basic("b", "tb")] {
            let keeper = try self.keeper([
                token("b", .bearer, secret: "tb"), token("m", .metricsToken, secret: "tm"),
                token("k", .apiKey, secret: "tk"), token("u", .basic, secret: "pw"),
            ])
            guard case .failure(.unknown) = try await ask(keeper, wrong) else {
                Issue.record("\(wrong) was let in")
                continue
            }
        }
    }

    @Test func `a guarded address refuses what shows nothing, an open one does not`() async throws {
        let keeper = try keeper([token("b", secret: "tb")])
        await #expect(throws: Refusal.missing) { try await ask(keeper).get() }
        #expect(try await ask(keeper, by: .open).get().permissions == [.admin])
        #expect(try await ask(keeper, "Bearer wrong", by: .open).get().name == nil)
        #expect(try await ask(keeper, for: .nothing).get().name == nil)
    }

    @Test func `a binding holds on an open address too`() async throws {
        let keeper = try keeper([
            token("b", secret: "tb", binding: [Matcher("tenant", equals: "a")])
        ])
        let caller = try await ask(keeper, "Bearer tb", by: .open).get()
        #expect(caller.binding.description == #"[tenant="a"]"#)
    }

    @Test func `expiry, place and permission are looked at in turn`() async throws {
        let keeper = try keeper([
            token("old", secret: "t1", expires: now),
            token("near", secret: "t2", networks: ["10.0.0.0/8"]),
            token("reader", secret: "t3", permissions: [.metricsRead]),
        ])
        await #expect(throws: Refusal.expired(credential: "old")) {
            try await ask(keeper, "Bearer t1").get()
        }
        #expect(try await ask(keeper, "Bearer t1", after: -1).get().name == "old")
        await #expect(throws: Refusal.place(credential: "near")) {
            try await ask(keeper, "Bearer t2").get()
        }
        #expect(try await ask(keeper, "Bearer t2", from: "10.1.2.3").get().name == "near")
        #expect(try await ask(keeper, "Bearer t2", from: nil).get().name == "near")
        await #expect(throws: Refusal.lacks(.query, credential: "reader")) {
            try await ask(keeper, "Bearer t3", for: .permission(.query)).get()
        }
        #expect(
            try await ask(keeper, "Bearer t3", for: .permission(.metricsRead)).get().name
                == "reader")
    }

    @Test func `failed attempts are slowed down by address, and nobody else is`() async throws {
        let keeper = try keeper([token("b", secret: "tb"), token("c", secret: "tc")])
        #expect(try await ask(keeper, "Bearer tc").get().name == "c")
        for _ in 0..<10 {
            await #expect(throws: Refusal.unknown) { try await ask(keeper, "Bearer wrong").get() }
        }
        // Held up: wrong and right look the same, so that nothing can be guessed.
        let held = Refusal.tooManyFailures(wait: .seconds(6))
        await #expect(throws: held) { try await ask(keeper, "Bearer wrong").get() }
        await #expect(throws: held) { try await ask(keeper, "Bearer tb").get() }
        // Who had come in from there before still may, and so may everybody elsewhere.
        #expect(try await ask(keeper, "Bearer tc").get().name == "c")
        #expect(try await ask(keeper, "Bearer tb", from: "192.0.2.2").get().name == "b")
        #expect(try await ask(keeper, "Bearer tb", after: 6).get().name == "b")
    }

    @Test func `bcrypt is paid once for a password, right or wrong`() async throws {
        let hash = try PasswordHash(hashing: "open sesame", cost: 4)
        let keeper = try keeper([
            Credential(
                name: "ali", kind: .basic, secret: .password(hash), permissions: [.admin])
        ])
        for _ in 0..<5 {
            #expect(try await ask(keeper, basic("ali", "open sesame")).get().name == "ali")
        }
        #expect(value("weir_access_password_checks") == 1)
        for _ in 0..<3 {
            await #expect(throws: Refusal.unknown) {
                try await ask(keeper, basic("ali", "no")).get()
            }
        }
        #expect(value("weir_access_password_checks") == 2)
        // A name that is not known costs as much, so that names cannot be found out by time.
        await #expect(throws: Refusal.unknown) {
            try await ask(keeper, basic("eve", "other")).get()
        }
        #expect(value("weir_access_password_checks") == 3)
    }

    @Test func `a place that is held up makes bcrypt reckon nothing`() async throws {
        let hash = try PasswordHash(hashing: "p", cost: 4)
        let keeper = try keeper([
            Credential(name: "ali", kind: .basic, secret: .password(hash), permissions: [.admin])
        ])
        for number in 0..<30 {
            guard case .failure = try await ask(keeper, basic("ali", "guess \(number)")) else {
                Issue.record("a guess was let in")
                continue
            }
        }
        #expect(value("weir_access_password_checks") == 10)
    }

    @Test func `more passwords at once than may wait are told to come again`() async throws {
        let hash = try PasswordHash(hashing: "p", cost: 8)
        let keeper = try keeper([
            Credential(name: "ali", kind: .basic, secret: .password(hash), permissions: [.admin])
        ])
        let header = (0..<60).map { basic("ali", "guess \($0)") }
        let outcomes = try await withThrowingTaskGroup(of: Refusal?.self) { group in
            for (number, header) in header.enumerated() {
                group.addTask {
                    // Each from a place of its own, as a botnet would.
                    let result = try await ask(keeper, header, from: "198.51.100.\(number)")
                    guard case .failure(let refusal) = result else { return nil }
                    return refusal
                }
            }
            return try await group.reduce(into: [Refusal?]()) { $0.append($1) }
        }
        #expect(outcomes.allSatisfy { $0 == .unknown || $0 == .busy })
        #expect(outcomes.contains(.busy))
        let reckoned = Double(outcomes.count { $0 == .unknown })
        #expect(value("weir_access_password_checks") == reckoned)
    }

    @Test func `use and refusal are counted by name, and no secret is ever logged`() async throws {
        let keeper = try keeper([token("grafana", secret: "tb-very-secret")])
        _ = try await ask(keeper, "Bearer tb-very-secret")
        _ = try await ask(keeper, "Bearer wrong-secret")
        _ = try await ask(keeper, basic("grafana", "password-secret"))
        _ = try await ask(keeper)
        #expect(value("weir_access_uses", ["credential": "grafana"]) == 1)
        #expect(value("weir_access_refusals", ["reason": "unknown"]) == 2)
        #expect(value("weir_access_refusals", ["reason": "missing"]) == 1)
        let log = lines.withLock { $0.joined() }
        #expect(log.contains("credential=grafana"))
        #expect(log.contains("reason=unknown"))
        #expect(!log.contains("secret"))
    }

    @Test func `a new table holds for the next request`() async throws {
        let keeper = try keeper([token("a", secret: "t1")])
        #expect(try await ask(keeper, "Bearer t1").get().name == "a")
        keeper.replace(try CredentialTable([token("a", secret: "t2")]))
        await #expect(throws: Refusal.unknown) { try await ask(keeper, "Bearer t1").get() }
        #expect(try await ask(keeper, "Bearer t2").get().name == "a")
    }

    @Test func `a bearer token that the table does not know may be somebody else's`() async throws {
        let keeper = try keeper([token("a", secret: "t1")]) { token, _ in
            guard token.hasPrefix("eyJ") else { return nil }
            return try? Credential(
                name: "jwt:weir", kind: .bearer, secret: .digest(.md5([])),
                permissions: [.metricsRead])
        }
        #expect(try await ask(keeper, "Bearer eyJhbGciOi").get().name == "jwt:weir")
        await #expect(throws: Refusal.unknown) { try await ask(keeper, "Bearer other").get() }
        await #expect(throws: Refusal.unknown) { try await ask(keeper, "Metrics eyJhbGciOi").get() }
    }
}

struct RefusalTests {
    @Test(
        arguments: [
            (.missing, 401, "a credential is needed", nil),
            (.unknown, 401, "this credential is not known", nil),
            (.expired(credential: "a"), 401, "this credential has expired", nil),
            (.place(credential: "a"), 403, "this credential may not be used from here", nil),
            (
                .lacks(.query, credential: "a"), 403,
                "this credential does not have the permission query", nil
            ),
            (
                .tooManyFailures(wait: TimeSpan(milliseconds: 5001)), 429,
                "too many failed attempts; try again later", 6
            ),
            (.busy, 503, "too many passwords are being checked; try again later", 1),
        ] as [(Refusal, Int, String, Int64?)])
    func `a refusal says what to set right`(
        refusal: Refusal, status: Int, message: String, wait: Int64?
    ) {
        #expect(refusal.status == status)
        #expect(refusal.message == message)
        #expect(refusal.retryAfterSeconds == wait)
    }
}
