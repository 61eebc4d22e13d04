import Glibc
public import Postgres
import Processes
public import Telemetry

/// The private database: made if it is not there, started, watched and stopped.
///
/// One Weir has it at a time. The server outlives a Weir that crashes, and the next one adopts it.
public actor PrivateCluster {
    let folder: ClusterFolder
    let log: Log
    let places: [String]
    let owner: UserIdentity
    /// What has to be free before a cluster is made, in bytes.
    let roomToMake: Int
    /// What has to be free before a server is started, in bytes.
    let roomToStart: Int

    private let throttle = LogThrottle()
    private var isRoomShort = false
    private var lock: FileLock?
    private var postmaster: RunningProcess?
    private var installation: PostgresInstallation?

    /// A cluster in a folder that need not be there yet; nothing happens before `start`.
    ///
    /// `path` is its own folder, `<data>/postgres`; `user` runs the server if Weir is root, which
    /// is Weir's own user otherwise; `places` are where PostgreSQL's programs are looked for; what
    /// has to be free to make and to start it is in bytes.
    public init(
        _ path: String, user: String? = nil, log: Log,
        places: [String] = PostgresInstallation.places,
        roomToMake: Int = 256 << 20, roomToStart: Int = 32 << 20
    ) throws(PrivatePostgresError) {
        folder = ClusterFolder(path: Files.absolute(path))
        self.log = log.module("postgres")
        self.places = places
        self.roomToMake = roomToMake
        self.roomToStart = roomToStart
        owner = try Self.owner(of: folder, wish: user)
        let socket = folder.socket + "/.s.PGSQL.5432"
        guard socket.utf8.count <= 107 else { throw .pathTooLong(socket: socket) }
    }

    /// How to reach the database `weir`, as its owner or as who may only read.
    public nonisolated func options(
        asReader: Bool = false
    ) throws(PrivatePostgresError) -> PostgresOptions {
        try options(user: asReader ? "weir_reader" : "weir", database: "weir")
    }

    /// The folder above its own, as a whole path: what `--storage.tsdb.path` names.
    public nonisolated var dataFolder: String { Files.parent(of: folder.path) }

    /// Whether a server runs in the folder now and stays, ours or another Weir's.
    public nonisolated var isRunning: Bool {
        runningProcess() != nil && folder.postmasterFile?.status != "stopping"
    }

    // MARK: Start

    /// Makes, adopts or starts the server, and returns once it answers and can be written to.
    public func start() async throws(PrivatePostgresError) {
        try prepareFolder()
        if lock == nil { lock = try await takeLock() }
        let installation = try await chooseInstallation()
        self.installation = installation
        if folder.content == .nothing { try await make(with: installation) }
        try await writeSettings(installation)
        if let running = runningProcess(), await adopt(running) {
            postmaster = running
        } else {
            try await waitForLeftovers()
            postmaster = try startServer(installation)
        }
        try await waitUntilReady()
        try await makeDatabase()
    }

    /// Watches the server until the task is cancelled, and starts it again whenever it ends.
    ///
    /// Does not stop it: `stop` does.
    public func watch() async {
        var backoff = Backoff(from: .milliseconds(50), to: .seconds(2))
        while !Task.isCancelled {
            if let postmaster {
                let since = ContinuousClock.now
                guard let status = await postmaster.wait(for: Self.roomInterval) else {
                    sayIfRoomIsShort()
                    continue
                }
                if Task.isCancelled { return }
                if ContinuousClock.now - since > .seconds(60) { backoff.reset() }
                log.warn("PostgreSQL ended, starting it again", ["status": status.description])
                self.postmaster = nil
            }
            do throws(PrivatePostgresError) {
                try await start()
                log.info("PostgreSQL is back")
            } catch {
                let wait = backoff.next()
                log.warn(
                    throttled: throttle, key: error.description, "PostgreSQL does not start",
                    ["error": error.description, "retry": "every few seconds"])
                // Cut short only by the end of this task, which the loop looks at.
                try? await Task.sleep(for: wait)
            }
        }
    }

    /// How often a running server's disk is looked at.
    private static let roomInterval = Duration.seconds(5)

    /// Says once that the disk is nearly full, and once that it is not any more.
    private func sayIfRoomIsShort() {
        do throws(PrivatePostgresError) {
            try checkRoom(roomToStart)
            if isRoomShort { log.info("the database has room again") }
            isRoomShort = false
        } catch {
            if !isRoomShort {
                log.warn("the database has no room to write", ["error": error.description])
            }
            isRoomShort = true
        }
    }

    // MARK: Stop

    /// Ends the server as gently as `limit` allows: with its connections closed and all written,
    /// or at once, to recover at the next start.
    public func stop(within limit: Duration = .seconds(20)) async {
        defer { lock = nil }
        guard let postmaster = postmaster.take() else { return }
        postmaster.signal(.interrupt)
        if await !ended(postmaster, within: limit) {
            log.warn("PostgreSQL does not stop, ending it at once")
            postmaster.signal(.quit)
            if await !ended(postmaster, within: .seconds(5)) {
                postmaster.signal(.kill)
                _ = await postmaster.wait()
            }
        }
        // The process that writes its log ends a moment after it.
        for process in folder.processes {
            if let last = RunningProcess(pid: process) {
                _ = await ended(last, within: .seconds(2))
            }
        }
    }

    /// The number of the server's process, while there is one.
    public var process: Int32? { postmaster?.pid }

    // MARK: Steps of the start

    private func prepareFolder() throws(PrivatePostgresError) {
        do throws(ProcessError) {
            // Open for passing through, since the server may run as another user than Weir.
            try Files.makeFolder(Files.parent(of: folder.path), mode: 0o755)
            try Files.makeFolder(folder.path, mode: 0o700, owner: owner)
            try Files.makeFolder(folder.socket, mode: 0o700, owner: owner)
            try Files.makeFolder(folder.log, mode: 0o700, owner: owner)
        } catch {
            throw .process(error)
        }
        if folder.content == .foreign { throw .foreignFolder(folder.cluster) }
    }

    private func takeLock() async throws(PrivatePostgresError) -> FileLock {
        for _ in 0..<100 {
            do throws(ProcessError) {
                if let lock = try FileLock(folder.lock) { return lock }
            } catch {
                throw .process(error)
            }
            // A Weir that was killed while it started a program leaves the lock with that for the
            // moment before it begins.
            let holder = FileLock.holder(of: folder.lock)
            guard let holder, RunningProcess(pid: Int32(clamping: holder)) == nil else { break }
            // Cut short only by the end of this task; then the lock is not to be had.
            try? await Task.sleep(for: .milliseconds(20))
        }
        throw .inUse(folder: folder.path, process: FileLock.holder(of: folder.lock))
    }

    private func chooseInstallation() async throws(PrivatePostgresError) -> PostgresInstallation {
        if let installation { return installation }
        if case .cluster(let version) = folder.content {
            return try await .matching(version, folder: folder.cluster, in: places)
        }
        return try await .newest(in: places)
    }

    /// The server that runs in the folder, proven by where it works and not by a number alone.
    private nonisolated func runningProcess() -> RunningProcess? {
        guard let file = folder.postmasterFile, folder.processes.contains(file.process) else {
            return nil
        }
        return RunningProcess(pid: file.process)
    }

    /// Takes over a server that outlived its Weir; `false` if it was on its way out.
    private func adopt(_ running: RunningProcess) async -> Bool {
        if folder.postmasterFile?.status == "stopping" {
            _ = await ended(running, within: .seconds(60))
            return false
        }
        log.info("adopted the PostgreSQL that runs", ["process": "\(running.pid)"])
        running.signal(.hangUp)
        return true
    }

    /// Waits for the children of a server that was killed: while one lives it may still write.
    private func waitForLeftovers() async throws(PrivatePostgresError) {
        let deadline = ContinuousClock.now + .seconds(10)
        var left = folder.processes
        while !left.isEmpty && ContinuousClock.now < deadline && !Task.isCancelled {
            // They notice their parent's death by themselves; this only makes sure of it.
            for process in left { RunningProcess(pid: process)?.signal(.quit) }
            // Cut short only by the end of this task, which the loop looks at.
            try? await Task.sleep(for: .milliseconds(20))
            left = folder.processes
        }
        guard left.isEmpty else {
            throw .leftBehind(folder: folder.cluster, processes: left.map(Int.init))
        }
        // Nobody works here, so what is locked was locked by a crash. The number in the lock may be
        // another's by now, or that of a dead process whom nobody has buried, and for either's
        // sake PostgreSQL would refuse to start.
        Files.remove(folder.cluster + "/postmaster.pid")
        Files.remove(folder.socket + "/.s.PGSQL.5432.lock")
        Files.remove(folder.socket + "/.s.PGSQL.5432")
    }

    private func startServer(
        _ installation: PostgresInstallation
    ) throws(PrivatePostgresError) -> RunningProcess {
        try checkRoom(roomToStart)
        Files.remove(folder.startLog)
        var command = Command(
            installation.program("postgres"), ["-D", folder.cluster], folder: "/",
            user: otherUser)
        command.output = .file(folder.startLog)
        // Ctrl-C is Weir's, which stops the server when nobody writes any more.
        command.isSession = true
        do throws(ProcessError) {
            return try command.start()
        } catch {
            throw .process(error)
        }
    }

    /// Waits for as long as the server needs, which after a crash may be minutes.
    private func waitUntilReady() async throws(PrivatePostgresError) {
        let options = try options(user: "weir", database: "postgres")
        let began = ContinuousClock.now
        var isTold = false
        var readySince: ContinuousClock.Instant?
        while true {
            let session = PostgresSession(options, name: "weir-pg-start")
            do throws(PostgresError) {
                try await session.run { connection throws(PostgresError) in
                    try connection.run("SELECT 1")
                }
                await session.disconnect()
                return
            } catch {
                // One that says it is ready and yet lets nobody in will not mend by waiting.
                let isReady = folder.postmasterFile?.status == "ready"
                if isReady && readySince == nil { readySince = .now }
                let isStuck = readySince.map { ContinuousClock.now - $0 > .seconds(10) } ?? false
                if !error.isTransient || isStuck { throw .database(error) }
            }
            if let status = postmaster?.status {
                postmaster = nil
                throw .notStarted(status: status.description, output: folder.lastWords)
            }
            if ContinuousClock.now - began > .seconds(5) && !isTold {
                log.info("waiting for PostgreSQL, which recovers from a crash")
                isTold = true
            }
            do { try await Task.sleep(for: .milliseconds(15)) } catch {
                throw .database(.cancelled)
            }
        }
    }

    private func ended(_ process: RunningProcess, within limit: Duration) async -> Bool {
        // In a task of its own, since who stops has often been cancelled already.
        await Task { await process.wait(for: limit) }.value != nil
    }
}
