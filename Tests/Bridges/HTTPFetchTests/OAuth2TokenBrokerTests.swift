import TestKit
import Testing
import Threads

@testable import HTTPFetch

/// Tokens from a real endpoint, by a clock that the test moves.
struct OAuth2TokenBrokerTests {
    private let clock = HandClock()
    private let client: HTTPClient
    private let endpoint: TokenEndpoint

    init() throws {
        client = HTTPClient(time: clock.time)
        endpoint = try TokenEndpoint()
    }

    /// Asks the target once; the token that it took.
    private func scrape(_ options: HTTPClientOptions? = nil) async throws -> String {
        let options = try options ?? endpoint.options()
        let response = try await client.fetch(HTTPRequest(endpoint.server.url("/m")), with: options)
        return response.status == 200 ? response.text : "\(response.status)"
    }

    private func failure(
        _ options: HTTPClientOptions? = nil, timeout: Duration = .seconds(20)
    ) async throws -> HTTPFetchError {
        let request = try HTTPRequest(endpoint.server.url("/m"), timeout: timeout)
        let error = await client.failure(request, with: try options ?? endpoint.options())
        return try #require(error)
    }

    @Test func `a request is what the standard says`() async throws {
        #expect(try await scrape() == "t1")
        let asked = try #require(endpoint.tokenRequests.first)
        #expect(asked.line == "POST /token HTTP/1.1")
        #expect(asked["Content-Type"] == "application/x-www-form-urlencoded")
        #expect(asked["Authorization"] == "Basic d2VpcjpzM2NyZXQ=")
        #expect(asked.body == "grant_type=client_credentials&scope=metrics.read")
        #expect(endpoint.server.requests.last?["Authorization"] == "Bearer t1")
    }

    @Test func `many targets and jobs make one request`() async throws {
        let options = try endpoint.options()
        let tokens = try await withThrowingTaskGroup(of: String.self) { group in
            for _ in 0..<200 { group.addTask { try await scrape(options) } }
            return try await group.reduce(into: Set()) { $0.insert($1) }
        }
        #expect(tokens == ["t1"])
        #expect(endpoint.tokenRequests.count == 1)
        let state = try #require(client.tokens.states().first)
        #expect(state.requests == 1)
        #expect(state.isPresent)
        #expect(state.expiresIn == .seconds(3600))
    }

    @Test func `another secret, scope or parameter is another token`() async throws {
        var options = try endpoint.options()
        _ = try await scrape(options)
        guard case .oauth2(var grant) = options.authorization else { return }
        grant.scopes = ["other"]
        options.authorization = .oauth2(grant)
        #expect(try await scrape(options) == "t2")
        grant.endpointParameters = ["audience": "a b"]
        options.authorization = .oauth2(grant)
        #expect(try await scrape(options) == "t3")
        #expect(endpoint.tokenRequests.last?.body.hasPrefix("audience=a+b&grant_type=") == true)
        #expect(try await scrape() == "t1")
        #expect(client.tokens.states().count == 3)
    }

    @Test func `id and secret are encoded as a form`() async throws {
        let secret = "a:b/c+d%e f"
        endpoint.change { $0.secret = secret }
        #expect(try await scrape(endpoint.options(.text(secret))) == "t1")
        endpoint.change { $0.refusesBasic = true }
        let other = HTTPClient(time: clock.time)
        let request = try HTTPRequest(endpoint.server.url("/m"))
        _ = try await other.fetch(request, with: endpoint.options(.text(secret)))
        #expect(
            endpoint.tokenRequests.last?.body
                == "client_id=weir&client_secret=a%3Ab%2Fc%2Bd%25e+f"
                + "&grant_type=client_credentials&scope=metrics.read")
    }

    @Test func `a server that refuses Basic gets the form, and from then on only that`()
        async throws
    {
        endpoint.change { $0.refusesBasic = true }
        #expect(try await scrape() == "t1")
        #expect(endpoint.tokenRequests.map { $0["Authorization"] != nil } == [true, false])
        clock.advance(.seconds(4000))
        #expect(try await scrape() == "t2")
        #expect(endpoint.tokenRequests.count == 3)
        // It has changed its mind.
        endpoint.change { ($0.refusesBasic, $0.refusesForm) = (false, true) }
        clock.advance(.seconds(4000))
        // One attempt finds that out: ours, or the one that is made in the background.
        _ = await client.failure(
            try HTTPRequest(endpoint.server.url("/m"), timeout: .seconds(20)),
            with: try endpoint.options())
        clock.advance(.seconds(4000))
        #expect(try await scrape() == "t3")
        #expect(client.tokens.states().first?.failures == 1)
    }

    @Test(arguments: [
        ("\"expires_in\":12,", 2), ("\"expires_in\":\"12\",", 2),
        ("\"expires_in\":3600,", 3590), ("\"expires_in\":8,", 4),
    ])
    func `a token serves until ten seconds before it expires`(
        expires: String, seconds: Int
    ) async throws {
        endpoint.change { $0.expires = expires }
        #expect(try await scrape() == "t1")
        // So that nothing is fetched beside its use.
        endpoint.change { $0.status = 500 }
        clock.advance(.seconds(seconds) - .milliseconds(1))
        #expect(try await scrape() == "t1")
        #expect(try await eventually { client.tokens.states().first?.failures == 1 })
        endpoint.change { $0.status = 200 }
        clock.advance(.seconds(2))
        #expect(try await scrape() == "t2")
    }

    @Test(arguments: ["", "\"expires_in\":0,", "\"expires_in\":null,", "\"expires_in\":-5,"])
    func `a token of unknown life is kept`(expires: String) async throws {
        endpoint.change { $0.expires = expires }
        for _ in 0..<3 {
            #expect(try await scrape() == "t1")
            clock.advance(.seconds(3000))
        }
        #expect(client.tokens.states().first?.expiresIn == nil)
    }

    @Test func `a token is renewed beside its use at three quarters of its life`() async throws {
        #expect(try await scrape() == "t1")
        clock.advance(.seconds(2699))
        #expect(try await scrape() == "t1")
        #expect(endpoint.tokenRequests.count == 1)
        clock.advance(.seconds(1))
        // This one starts it and does not wait for it.
        _ = try await scrape()
        #expect(try await eventually { try await scrape() == "t2" })
        #expect(endpoint.tokenRequests.count == 2)
    }

    @Test func `a token that lives for seconds is renewed beside its use too`() async throws {
        endpoint.change { $0.expires = "\"expires_in\":12," }
        #expect(try await scrape() == "t1")
        // It serves for two seconds: from the second one's half on the next one is fetched.
        clock.advance(.milliseconds(1499))
        #expect(try await scrape() == "t1")
        #expect(endpoint.tokenRequests.count == 1)
        clock.advance(.milliseconds(1))
        #expect(try await scrape() == "t1")
        #expect(try await eventually { try await scrape() == "t2" })
        #expect(endpoint.tokenRequests.count == 2)
    }

    @Test func `a renewal that fails costs nothing while the old token serves`() async throws {
        #expect(try await scrape() == "t1")
        endpoint.change { $0.status = 500 }
        clock.advance(.seconds(2800))
        #expect(try await scrape() == "t1")
        #expect(try await eventually { client.tokens.states().first?.failures == 1 })
        #expect(try await scrape() == "t1")
        #expect(client.tokens.states().first?.lastError?.contains("500") == true)
    }

    @Test func `a rotated secret file gets another token`() async throws {
        let folder = try TemporaryFolder("secret")
        let file = folder.file("secret")
        let options = try endpoint.options(.file(file))
        let missing = try await failure(options)
        #expect(missing == .unreadableFile(path: file, reason: "No such file or directory"))
        try folder.write("s3cret\n", to: "secret")
        #expect(try await scrape(options) == "t1")
        try folder.write("rotated-now\n", to: "secret")
        endpoint.change { $0.secret = "rotated-now" }
        #expect(try await eventually { try await scrape(options) == "t2" })
    }

    @Test func `a target's 401 gets a new token and one more try`() async throws {
        endpoint.change { $0.expires = "" }
        #expect(try await scrape() == "t1")
        endpoint.revoke()
        let reader = CountingReader()
        let request = try HTTPRequest(endpoint.server.url("/m"))
        let response = try await client.fetch(request, with: endpoint.options(), into: reader)
        #expect(response.status == 200)
        #expect(reader.state.withLock { $0.heads } == [200])
        #expect(endpoint.tokenRequests.count == 2)
    }

    @Test func `many targets with a revoked token make one request`() async throws {
        _ = try await scrape()
        endpoint.revoke()
        let tokens = try await withThrowingTaskGroup(of: String.self) { group in
            for _ in 0..<100 { group.addTask { try await scrape() } }
            return try await group.reduce(into: Set()) { $0.insert($1) }
        }
        #expect(tokens == ["t2"])
        #expect(endpoint.tokenRequests.count == 2)
    }

    @Test func `a target that refuses every token is not worth more of them`() async throws {
        endpoint.refuseAll()
        #expect(try await scrape() == "401")
        #expect(endpoint.tokenRequests.count == 2)
        for _ in 0..<5 { #expect(try await scrape() == "401") }
        #expect(endpoint.tokenRequests.count == 2)
        clock.advance(.seconds(61))
        #expect(try await scrape() == "401")
        #expect(endpoint.tokenRequests.count == 3)
    }

    @Test func `a failing endpoint is left in peace for a while, then works again`() async throws {
        endpoint.change { $0.status = 500 }
        let first = try await failure()
        #expect(
            first.description
                == "no token from \(endpoint.server.url("/token")): "
                + "it answered 500 Word: server_error")
        let second = try await failure()
        #expect(second.description.hasSuffix("server_error; next attempt in 375ms"))
        #expect(endpoint.tokenRequests.count == 2)
        clock.advance(.milliseconds(400))
        _ = try await failure()
        #expect(try await failure().description.hasSuffix("next attempt in 750ms"))
        endpoint.change { $0.status = 200 }
        clock.advance(.seconds(1))
        #expect(try await scrape() == "t1")
        let state = try #require(client.tokens.states().first)
        #expect(state.failures == 2)
        #expect(state.lastError == nil)
    }

    @Test func `an endpoint that hangs stops only those who need it`() async throws {
        let silent = try ScriptedServer.silent()
        var options = try endpoint.options()
        guard case .oauth2(var grant) = options.authorization else { return }
        grant.tokenURL = try HTTPAddress(silent.url("/token"))
        options.authorization = .oauth2(grant)
        let request = try HTTPRequest(endpoint.server.url("/m"), timeout: .milliseconds(200))
        await withTaskGroup(of: HTTPFetchError?.self) { group in
            for _ in 0..<100 {
                group.addTask { [client, options] in await client.failure(request, with: options) }
            }
            for await error in group {
                #expect(
                    error
                        == .timedOut(
                            url: endpoint.server.url("/m"), after: .milliseconds(200),
                            waitingFor: .credentials))
            }
        }
        #expect(silent.connections == 1)
        #expect(try await scrape() == "t1")
        // Who is cancelled does not wait either.
        let task = Task { [client, options] in
            await client.failure(try HTTPRequest(request.url.text), with: options)
        }
        task.cancel()
        #expect(try await task.value == .cancelled)
    }

    @Test(arguments: [
        (ScriptedAnswer.json(#"{"error":"invalid_scope"}"#), "invalid_scope"),
        (.json(#"{"token_type":"x"}"#), "its answer has no access_token"),
        (.json("[1]"), "its answer is neither JSON nor a form"),
        (
            .json(
                #"{"error":"invalid_client","error_description":"s3cret\nis wrong"}"#, status: 401),
            "it answered 401 Word: invalid_client: <secret> is wrong"
        ),
        (ScriptedAnswer(502, ["Content-Type: text/html"], body: "<html>"), "it answered 502 Word"),
    ])
    func `an answer without a token says why`(answer: ScriptedAnswer, reason: String) async throws {
        endpoint.change { $0.answer = answer }
        let error = try await failure()
        #expect(error == .noToken(tokenURL: endpoint.server.url("/token"), reason: reason))
    }

    @Test func `an endless answer is cut`() async throws {
        let long = String(repeating: " ", count: 2 << 20)
        endpoint.change { $0.answer = .json(#"{"access_token":"\#(long)"}"#) }
        #expect(try await failure().description.contains("the body is over 1048576 bytes"))
    }

    @Test(arguments: ["text/plain; charset=utf-8", "application/x-www-form-urlencoded"])
    func `an answer may be a form`(type: String) async throws {
        let answer = ScriptedAnswer(
            200, ["Content-Type: \(type)"], body: "access_token=a%2Bb&expires_in=60&token_type=MAC")
        endpoint.change { $0.answer = answer }
        _ = try await client.fetch(
            HTTPRequest(endpoint.server.url("/m")), with: endpoint.options())
        #expect(endpoint.server.requests.last?["Authorization"] == "MAC a+b")
        #expect(client.tokens.states().first?.expiresIn == .seconds(60))
    }

    @Test func `a redirected token request takes no secret to another host`() async throws {
        let thief = try ScriptedServer.answering { _ in .json(#"{"access_token":"bad"}"#) }
        for status in [302, 307] {
            let place = thief.url("/token")
            endpoint.change { $0.answer = .redirect(place, status: status) }
            endpoint.change { $0.refusesBasic = true }
            _ = try? await scrape()  // What comes of it is of no interest, only what was asked.
            clock.advance(.seconds(100))
        }
        for asked in thief.requests {
            #expect(asked["Authorization"] == nil)
            #expect(!asked.body.contains("s3cret"))
        }
    }

    @Test func `a parameter may replace the grant type and nothing else`() async throws {
        var options = try endpoint.options()
        guard case .oauth2(var grant) = options.authorization else { return }
        grant.endpointParameters = ["grant_type": "password", "username": "u"]
        options.authorization = .oauth2(grant)
        #expect(try await scrape(options) == "t1")
        #expect(
            endpoint.tokenRequests.last?.body
                == "grant_type=password&scope=metrics.read&username=u")
        grant.endpointParameters = ["scope": "all"]
        options.authorization = .oauth2(grant)
        #expect(try await failure(options).description.contains("scope stands in the form already"))
    }

    @Test func `a signed statement is what its key signs`() async throws {
        let folder = try TemporaryFolder("jwt")
        let key = folder.file("key.pem")
        let lines = "openssl genrsa -out \(key) 2048 && openssl rsa -in \(key) -pubout"
        let made = try await ChildProcess.run([
            "sh", "-c", "\(lines) -out \(folder.file("pub.pem"))",
        ])
        #expect(made.status == 0)
        endpoint.change { $0.answer = .json(#"{"access_token":"signed","expires_in":60}"#) }
        var jwt = JWTGrant(key: .file(key))
        jwt.keyID = "k1"
        jwt.claims = ["tenant": .text("a\"b"), "level": .number(3)]
        for (algorithm, digest) in [
            (JWTGrant.Algorithm.rs256, "sha256"), (.rs384, "sha384"), (.rs512, "sha512"),
        ] {
            jwt.algorithm = algorithm
            var grant = OAuth2Options(
                clientID: "weir", grant: .jwtBearer(jwt),
                tokenURL: try HTTPAddress(endpoint.server.url("/token")))
            grant.scopes = ["a", "b"]
            var options = HTTPClientOptions()
            options.authorization = .oauth2(grant)
            _ = try await client.fetch(HTTPRequest(endpoint.server.url("/m")), with: options)
            let asked = try #require(endpoint.tokenRequests.last)
            #expect(asked["Authorization"] == nil)
            let form = FormFields.decode(asked.body)
            #expect(form["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer")
            let parts = try #require(form["assertion"]).split(separator: ".").map(String.init)
            #expect(parts.count == 3)
            try folder.write("\(parts[0]).\(parts[1])", to: "message")
            try folder.write(parts[2], to: "signature")
            let check = """
                cd \(folder.path)
                decode() { tr '_-' '/+' | sed 's/$/==/' | base64 -di 2>/dev/null; }
                decode < signature > raw
                openssl dgst -\(digest) -verify pub.pem -signature raw message
                cut -d. -f1 message | decode; cut -d. -f2 message | decode
                """
            let checked = try await ChildProcess.run(["sh", "-c", check])
            #expect(
                checked.output
                    == #"Verified OK\#n{"alg":"\#(algorithm.rawValue)","kid":"k1","typ":"JWT"}"#
                    + #"{"aud":"\#(endpoint.server.url("/token"))","exp":1700000600,"#
                    + #""iat":1700000000,"iss":"weir","jti":"\#(claim("jti", checked.output))","#
                    + #""level":3,"scope":"a b","sub":"weir","tenant":"a\"b"}"#)
        }
    }

    private func claim(_ name: String, _ text: String) -> String {
        guard let start = text.firstRange(of: "\"\(name)\":\"") else { return "?" }
        return String(text[start.upperBound...].prefix { $0 != "\"" })
    }

    @Test func `a key that is none is an error without its text`() async throws {
        var options = HTTPClientOptions()
        let grant = OAuth2Options(
            clientID: "weir", grant: .jwtBearer(JWTGrant(key: .text("hidden"))),
            tokenURL: try HTTPAddress(endpoint.server.url("/token")))
        options.authorization = .oauth2(grant)
        let error = try await failure(options)
        #expect(
            error.description.contains("client_certificate_key: this is not an RSA private key"))
        #expect(!error.description.contains("hidden"))
    }
}
