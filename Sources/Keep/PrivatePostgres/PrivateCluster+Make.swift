import Glibc
import Postgres
import Processes
import Telemetry

/// Making a cluster, and what is written anew at each start.
extension PrivateCluster {
    /// Makes the cluster beside its place and moves it there when it is whole, so that a crash in
    /// between leaves nothing half made.
    func make(with installation: PostgresInstallation) async throws(PrivatePostgresError) {
        try checkRoom(roomToMake)
        try await checkReachable()
        log.info(
            "making a private database",
            ["folder": folder.cluster, "version": "\(installation.version)"])
        // A Weir that was killed may have left an initdb that still writes into its own draft.
        for name in Files.names(in: folder.path) where name.hasPrefix(ClusterFolder.draftPrefix) {
            Files.removeTree(folder.path + "/" + name)
        }
        let draft = folder.newDraft
        let (status, output) = try await run(
            Command(
                installation.program("initdb"),
                [
                    "--pgdata", draft, "--username", "weir", "--data-checksums",
                    "--encoding", "UTF8", "--no-locale", "--auth", "peer", "--no-instructions",
                    // One call for the whole disk, below, is faster than one for each file.
                    "--no-sync",
                ], folder: "/", user: otherUser))
        guard status.isSuccess else {
            Files.removeTree(draft)
            let faults = output.split(separator: "\n").filter { $0.hasPrefix("initdb: error") }
            throw .notMade(output: faults.isEmpty ? output : faults.joined(separator: "; "))
        }
        do throws(ProcessError) {
            let main = draft + "/postgresql.conf"
            let text = (Files.read(main) ?? "") + "\ninclude '\(ClusterFolder.settingsFile)'\n"
            try Files.write(text, to: main, owner: owner)
            try Files.write("", to: draft + "/" + ClusterFolder.settingsFile, owner: owner)
            try Files.syncDisk(under: draft)
            try Files.move(draft, to: folder.cluster)
        } catch {
            throw .process(error)
        }
    }

    /// Writes what depends on this machine and this user.
    func writeSettings(_ installation: PostgresInstallation) async throws(PrivatePostgresError) {
        // Asked of the server, which knows how it was built. It lacks nothing if it cannot answer.
        let answer = try await run(
            Command(
                installation.program("postgres"),
                ["-D", folder.cluster, "-C", "wal_compression", "-c", "wal_compression=lz4"],
                folder: "/", user: otherUser))
        let settings = ClusterSettings(
            machine: MachineSize(
                memory: Files.memoryBytes, freeDisk: Files.freeBytes(at: folder.path) ?? 1 << 30,
                cores: sysconf(Int32(_SC_NPROCESSORS_ONLN))),
            socketFolder: folder.socket, logFolder: folder.log,
            hasLZ4: answer.status.isSuccess)
        // Who Weir is decides, and who runs the server, so that neither locks the other out.
        let names = Set([UserIdentity.current.name, owner.name]).sorted()
        let mapping = names.flatMap { ["weir \($0) weir\n", "weir \($0) weir_reader\n"] }.joined()
        do throws(ProcessError) {
            try write(settings.text, to: ClusterFolder.settingsFile)
            try write("local all all peer map=weir\n", to: "pg_hba.conf")
            try write(mapping, to: "pg_ident.conf")
        } catch {
            throw .process(error)
        }
    }

    /// Makes the roles and the database, once.
    func makeDatabase() async throws(PrivatePostgresError) {
        let session = PostgresSession(
            try options(user: "weir", database: "postgres"), name: "weir-pg-start")
        do throws(PostgresError) {
            try await session.run { connection throws(PostgresError) in
                let found = try connection.query(
                    """
                    SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = 'weir_reader'),
                        EXISTS (SELECT FROM pg_database WHERE datname = 'weir')
                    """)
                if try found.bool(0, 0) == false {
                    try connection.run("CREATE ROLE weir_reader LOGIN")
                }
                if try found.bool(0, 1) == false { try connection.run("CREATE DATABASE weir") }
            }
            await session.disconnect()
        } catch {
            throw .database(error)
        }
    }

    /// The user that programs are started as; `nil` for Weir's own.
    var otherUser: UserIdentity? { owner == .current ? nil : owner }

    func checkRoom(_ needed: Int) throws(PrivatePostgresError) {
        guard let free = Files.freeBytes(at: folder.path), free < needed else { return }
        throw .diskFull(folder: folder.path, free: free, needed: needed)
    }

    private func checkReachable() async throws(PrivatePostgresError) {
        guard otherUser != nil else { return }
        let (status, _) = try await run(
            Command("/bin/sh", ["-c", "cd \"$0\"", folder.path], folder: "/", user: otherUser))
        guard status.isSuccess else { throw .unreachable(folder: folder.path, user: owner.name) }
    }

    private func write(_ text: String, to name: String) throws(ProcessError) {
        let path = folder.cluster + "/" + name
        if Files.read(path) != text { try Files.write(text, to: path, owner: owner) }
    }

    private func run(
        _ command: Command
    ) async throws(PrivatePostgresError) -> (status: ExitStatus, output: String) {
        do throws(ProcessError) {
            return try await command.run(limit: .seconds(120))
        } catch {
            throw .process(error)
        }
    }

    nonisolated func options(
        user: String, database: String
    ) throws(PrivatePostgresError) -> PostgresOptions {
        // A backslash or quote in the path would end the value.
        let host = folder.socket.map { $0 == "'" || $0 == "\\" ? "\\\($0)" : String($0) }.joined()
        do throws(PostgresError) {
            return try PostgresOptions(
                "host='\(host)' port=5432 user=\(user) dbname=\(database)")
        } catch {
            throw .database(error)
        }
    }

    /// Who the server runs as: Weir's user, or for root whoever has the cluster already, the
    /// wish, or the first of `weir` and `postgres` that the machine knows.
    static func owner(
        of folder: ClusterFolder, wish: String?
    ) throws(PrivatePostgresError) -> UserIdentity {
        guard UserIdentity.current.isRoot else { return .current }
        if let found = Files.owner(of: folder.cluster), !found.isRoot { return found }
        for name in wish.map({ [$0] }) ?? ["weir", "postgres"] {
            do throws(ProcessError) {
                return try UserIdentity(named: name)
            } catch {
                if wish != nil { throw .process(error) }
            }
        }
        throw .noUnprivilegedUser
    }
}
