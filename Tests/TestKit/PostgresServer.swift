import Glibc
import Processes

/// A PostgreSQL server for tests: made once per process, gone with the process, however that ends.
public final class PostgresServer: Sendable {
    /// What a server of one's own may differ in.
    public struct Options: Sendable {
        /// Whether it also listens on 127.0.0.1, with TLS and a password.
        public var listensOnTCP = false
        /// Lines for `postgresql.conf`.
        public var settings: [String] = []

        /// A server on a unix socket alone.
        public init(listensOnTCP: Bool = false, settings: [String] = []) {
            self.listensOnTCP = listensOnTCP
            self.settings = settings
        }
    }

    /// The server that all tests of this process share; use `makeDatabase` for one's own place.
    public static var shared: PostgresServer {
        get async throws { try await sharedStart.value }
    }
    private static let sharedStart = Task { try await PostgresServer(Options()) }

    /// The password of `postgres` over TCP: with what a connection string has to escape.
    public static let password = "p@ss:w/rd"

    /// The folder of the unix socket.
    public let socketFolder: String
    /// The port, which also names the socket.
    public let port: Int
    /// The certificate that TLS clients trust.
    public let certificate: String
    private let folder: TemporaryFolder
    private let binaries: String
    private let user: UserIdentity
    private let watchdog: Int32
    private let postmaster: Lent

    private actor Lent {
        var process: RunningProcess
        var databases = 0
        init(_ process: RunningProcess) { self.process = process }
        func replace(_ process: RunningProcess) { self.process = process }
        func next() -> Int {
            databases += 1
            return databases
        }
    }

    /// Makes and starts a server of one's own.
    public init(_ options: Options) async throws {
        binaries = try Self.findBinaries()
        user = try Self.unprivilegedUser()
        folder = try TemporaryFolder("postgres")
        socketFolder = folder.path
        port = try Self.freePort()
        certificate = folder.file("server.crt")
        chmod(folder.path, 0o755)
        let cluster = folder.file("cluster")
        mkdir(cluster, 0o700)
        chown(cluster, user.user, user.group)
        try await Self.run(
            Command(
                binaries + "/initdb",
                [
                    "-D", cluster, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale",
                    "--no-sync",
                ], folder: folder.path, user: user))
        if options.listensOnTCP { try await Self.makeCertificate(in: folder, owner: user) }
        try Self.configure(cluster, options, folder: folder, port: port)
        chown(folder.path, user.user, user.group)
        postmaster = Lent(try Self.start(binaries, cluster, folder, user))
        watchdog = try Self.watch(folder.path)
        try await waitUntilReady()
        if options.listensOnTCP {
            try await run("ALTER ROLE postgres PASSWORD '\(Self.password)'")
        }
    }

    deinit { close(watchdog) }

    /// How to reach `database` through the socket, without a password.
    public func connectionString(database: String = "postgres") -> String {
        "host=\(socketFolder) port=\(port) user=postgres dbname=\(database)"
    }

    /// How to reach `database` over TCP with a password and verified TLS.
    public func tcpConnectionString(database: String = "postgres") -> String {
        "postgres://postgres:p%40ss%3Aw%2Frd@127.0.0.1:\(port)/\(database)"
            + "?sslmode=verify-ca&sslrootcert=\(certificate)"
    }

    /// A new, empty database; gives the connection string.
    public func makeDatabase() async throws -> String {
        let name = "test_\(await postmaster.next())"
        try await run("CREATE DATABASE \(name)")
        return connectionString(database: name)
    }

    /// Runs SQL with psql and gives what it prints, values alone.
    @discardableResult
    public func run(_ sql: String, database: String = "postgres") async throws -> String {
        try await Self.run(
            Command(
                binaries + "/psql",
                ["-XAtqc", sql, "-v", "ON_ERROR_STOP=1", connectionString(database: database)]))
    }

    /// Kills the server with SIGKILL, as a crash does.
    public func kill() async {
        let process = await postmaster.process
        process.signal(.kill)
        _ = await process.wait()
    }

    /// Stops the server, dropping its connections.
    public func stop() async {
        let process = await postmaster.process
        process.signal(.interrupt)
        _ = await process.wait()
    }

    /// Starts the server again after `kill` or `stop`, and waits until it answers.
    public func start() async throws {
        for _ in 0..<50 {
            let cluster = folder.file("cluster")
            let process = try Self.start(binaries, cluster, folder, user)
            await postmaster.replace(process)
            // After a crash the old server's children hold its memory for a moment.
            if await process.wait(for: .milliseconds(300)) == nil {
                return try await waitUntilReady()
            }
        }
        throw PostgresServerError(description: "the server does not start again")
    }

    private func waitUntilReady() async throws {
        var last: any Error = PostgresServerError(description: "never tried")
        for _ in 0..<300 {
            do {
                try await run("SELECT 1")
                return
            } catch {
                last = error
            }
            try await Task.sleep(for: .milliseconds(50))
        }
        throw last
    }
}

/// A test server that does not work, and what it said.
public struct PostgresServerError: Error, CustomStringConvertible {
    /// What happened.
    public let description: String
}

extension PostgresServer {
    private static func findBinaries() throws -> String {
        let base = "/usr/lib/postgresql"
        for version in (15...30).reversed()
        where access("\(base)/\(version)/bin/postgres", X_OK) == 0 {
            return "\(base)/\(version)/bin"
        }
        throw PostgresServerError(
            description: "no PostgreSQL 15 or newer in \(base): apt-get install postgresql")
    }

    /// PostgreSQL refuses to run as root, so root's tests run it as somebody else.
    private static func unprivilegedUser() throws -> UserIdentity {
        let current = UserIdentity.current
        return current.isRoot ? try UserIdentity(named: "nobody") : current
    }

    private static func freePort() throws -> Int {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, size) == 0 && getsockname(descriptor, $0, &size) == 0
            }
        }
        guard bound else { throw SystemError("bind", path: "127.0.0.1") }
        return Int(UInt16(bigEndian: address.sin_port))
    }

    private static func makeCertificate(
        in folder: TemporaryFolder, owner: UserIdentity
    ) async throws {
        try await run(
            Command(
                "/usr/bin/openssl",
                [
                    "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
                    "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout",
                    folder.file("server.key"), "-out", folder.file("server.crt"),
                ]))
        chown(folder.file("server.key"), owner.user, owner.group)
        chmod(folder.file("server.key"), 0o600)
    }

    private static func configure(
        _ cluster: String, _ options: Options, folder: TemporaryFolder, port: Int
    ) throws {
        var lines = [
            "port = \(port)", "unix_socket_directories = '\(folder.path)'",
            "listen_addresses = '\(options.listensOnTCP ? "127.0.0.1" : "")'",
            // What a test writes need not outlive the machine.
            "fsync = off", "full_page_writes = off", "max_connections = 200",
            "shared_buffers = 64MB", "lc_messages = 'C'",
        ]
        if options.listensOnTCP {
            lines += [
                "ssl = on", "ssl_cert_file = '\(folder.file("server.crt"))'",
                "ssl_key_file = '\(folder.file("server.key"))'",
            ]
        }
        try append(lines + options.settings, to: cluster + "/postgresql.conf")
        let access = ["local all all trust", "hostssl all all 127.0.0.1/32 scram-sha-256"]
        unlink(cluster + "/pg_hba.conf")
        try append(access, to: cluster + "/pg_hba.conf")
        // Written by root, read by the server.
        chmod(cluster + "/pg_hba.conf", 0o644)
    }

    private static func append(_ lines: [String], to path: String) throws {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw SystemError("open", path: path) }
        defer { close(descriptor) }
        let text = lines.joined(separator: "\n") + "\n"
        guard write(descriptor, text, text.utf8.count) == text.utf8.count else {
            throw SystemError("write", path: path)
        }
    }

    private static func start(
        _ binaries: String, _ cluster: String, _ folder: TemporaryFolder, _ user: UserIdentity
    ) throws -> RunningProcess {
        var command = Command(binaries + "/postgres", ["-D", cluster], folder: "/", user: user)
        command.output = .file(folder.file("postgres.log"))
        command.isSession = true
        return try command.start()
    }

    /// Starts a shell that ends the server and removes its folder as soon as this process closes
    /// the pipe it reads, which the kernel does for a process that was killed.
    private static func watch(_ folder: String) throws -> Int32 {
        let pipe = folder + "/watchdog"
        guard mkfifo(pipe, 0o600) == 0 else { throw SystemError("mkfifo", path: pipe) }
        let script = """
            read nothing < "$1/watchdog"
            pid=$(head -n1 "$1/cluster/postmaster.pid" 2>/dev/null)
            if [ -n "$pid" ]; then
                kill -QUIT "$pid" 2>/dev/null
                for try in 1 2 3 4 5 6 7 8 9 10; do
                    kill -0 "$pid" 2>/dev/null || break
                    sleep 0.2
                done
                kill -KILL "$pid" 2>/dev/null
            fi
            rm -rf "$1"
            """
        var command = Command("/bin/sh", ["-c", script, "watchdog", folder], folder: "/")
        command.isSession = true
        _ = try command.start()
        // Opening for reading and writing does not wait for the shell to be there.
        let descriptor = open(pipe, O_RDWR | O_CLOEXEC)
        guard descriptor >= 0 else { throw SystemError("open", path: pipe) }
        return descriptor
    }

    @discardableResult
    private static func run(_ command: Command) async throws -> String {
        let (status, output) = try await command.run(limit: .seconds(60))
        guard status.isSuccess else {
            throw PostgresServerError(description: "\(command.path): \(status): \(output)")
        }
        return output.hasSuffix("\n") ? String(output.dropLast()) : output
    }
}
