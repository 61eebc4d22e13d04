import Access
import Crypto
import Model
import Telemetry
import TestKit
import Testing
import Threads

struct AccessFilesTests {
    private let folder: TemporaryFolder
    private let registry = MetricRegistry()
    private let lines = Locked<[String]>([])
    init() throws { folder = try TemporaryFolder("access-files") }

    private func files(web: String? = nil, hosts: [String?] = ["127.0.0.1"]) throws -> AccessFiles {
        let lines = lines
        let path = folder.file("weir.yml")
        return try AccessFiles(
            settings: { try AccessSettings(file: path) }, settingsFiles: [path], webConfig: web,
            listeners: hosts.map { AccessFiles.Listener(host: $0, text: "\($0 ?? "unix"):9090") },
            registry: registry,
            log: Log(level: .debug) { line in
                lines.withLock { $0.append(line.text(as: .logfmt)) }
            })
    }

    private func name(_ files: AccessFiles, _ token: String) async throws -> String? {
        let result = await files.keeper.admit(
            PresentedCredentials(authorization: ["Bearer \(token)"]),
            from: try IPAddress("192.0.2.1"), by: .guarded, asking: .credential)
        // Refused: nobody's name.
        return try? result.get().name
    }

    private func value(_ name: String) -> Double? {
        registry.snapshot().first { $0.name == name }?.lines.first?.value
    }

    private func write(token: String) throws {
        try folder.write(token, to: "token")
        try folder.write(
            "credentials: [{name: a, kind: bearer, secret_file: token, permissions: [query]}]",
            to: "weir.yml")
    }

    @Test func `a secret's file is read again when it changes`() async throws {
        try write(token: "first")
        let files = try files()
        #expect(try await name(files, "first") == "a")
        #expect(!files.rereadIfChanged())
        try folder.write("second!", to: "token")
        #expect(files.rereadIfChanged())
        #expect(try await name(files, "first") == nil)
        #expect(try await name(files, "second!") == "a")
        #expect(!files.rereadIfChanged())
    }

    @Test func `a file that went bad is told once, and what held before still holds`() async throws
    {
        try write(token: "first")
        let files = try files()
        try folder.write("credentials: 5 # hush", to: "weir.yml")
        #expect(!files.rereadIfChanged())
        #expect(!files.rereadIfChanged())
        #expect(try await name(files, "first") == "a")
        #expect(value("weir_access_reload_successful") == 0)
        #expect(lines.withLock { $0.count { $0.contains("level=error") } } == 1)
        try write(token: "third")
        #expect(files.rereadIfChanged())
        #expect(value("weir_access_reload_successful") == 1)
        #expect(try await name(files, "third") == "a")
    }

    @Test func `users of the web configuration may do everything, and guard every address`()
        async throws
    {
        try folder.write("", to: "weir.yml")
        let hash = try PasswordHash(hashing: "pw", cost: 4)
        let web = try folder.write("basic_auth_users: {alice: \(hash.text)}", to: "web.yml")
        let files = try files(web: web, hosts: ["127.0.0.1", ""])
        #expect(files.access(isLoopback: true) == .guarded)
        let result = await files.keeper.admit(
            PresentedCredentials(
                authorization: ["Basic " + Base64.standard.encode(Array("alice:pw".utf8))]),
            from: nil, by: .guarded, asking: .permission(.admin))
        #expect(try result.get().name == "alice")
        try folder.write("auth: none", to: "weir.yml")
        #expect {
            try self.files(web: web)
        } throws: {
            "\($0)"
                == "the settings say `auth: none`, and the web configuration has "
                + "basic_auth_users; remove one of them"
        }
    }

    @Test func `an address that others reach does not start without credentials`() throws {
        try folder.write("", to: "weir.yml")
        #expect(throws: AccessError.self) { try files(hosts: ["127.0.0.1", "0.0.0.0"]) }
        let local = try files(hosts: ["127.0.0.1", "::1", nil])
        #expect(local.access(isLoopback: true) == .open)
        #expect(local.access(isLoopback: false) == .guarded)
        try folder.write("auth: none", to: "weir.yml")
        #expect(try files(hosts: ["0.0.0.0"]).access(isLoopback: false) == .open)
    }

    @Test func `an address that others reach never opens by losing its credentials`() async throws {
        try write(token: "first")
        let files = try files(hosts: ["0.0.0.0"])
        try folder.write("credentials: []", to: "weir.yml")
        #expect(!files.rereadIfChanged())
        #expect(files.access(isLoopback: false) == .guarded)
        #expect(try await name(files, "first") == "a")
    }

    @Test func `the loop tells of what has changed, and ends when it is cancelled`() async throws {
        try write(token: "first")
        let files = try files()
        let changes = AsyncStream<AccessRule>.makeStream()
        let loop = Task {
            await files.run(every: .milliseconds(5)) { changes.continuation.yield($0.rule) }
        }
        try folder.write(
            "auth: always\ncredentials: [{name: b, kind: bearer, secret: x, permissions: [query]}]",
            to: "weir.yml")
        var iterator = changes.stream.makeAsyncIterator()
        #expect(await iterator.next() == .always)
        loop.cancel()
        await loop.value
    }
}
