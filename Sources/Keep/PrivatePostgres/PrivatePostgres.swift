// PrivatePostgres: a PostgreSQL cluster of Weir's own, for who names no database.
// In: a folder. Out: a server that runs as long as Weir does. Start at `PrivateCluster`.
// Made once, watched, restarted, adopted if it outlived Weir, never started twice.
// Imports: Postgres, Processes, Telemetry.

public import Postgres
public import Processes

/// Why the private database cannot be had.
public enum PrivatePostgresError: Error, Equatable, Sendable {
    /// No PostgreSQL on this machine, or only ones that are too old.
    case notInstalled(searched: [String], found: [Int])
    /// The cluster was made by another version than any that is installed.
    case otherVersion(folder: String, made: Int, installed: [Int])
    /// There is something in the folder that Weir did not make.
    case foreignFolder(String)
    /// Another Weir has the folder.
    case inUse(folder: String, process: Int?)
    /// The disk has no room for a database.
    case diskFull(folder: String, free: Int, needed: Int)
    /// The user that PostgreSQL runs as cannot enter the folder.
    case unreachable(folder: String, user: String)
    /// Weir is root and there is nobody to run PostgreSQL as.
    case noUnprivilegedUser
    /// A unix socket cannot have such a long path.
    case pathTooLong(socket: String)
    /// `initdb` failed.
    case notMade(output: String)
    /// The server ended instead of answering.
    case notStarted(status: String, output: String)
    /// Processes of a crashed server still use the folder and do not end.
    case leftBehind(folder: String, processes: [Int])
    /// The operating system refused something.
    case process(ProcessError)
    /// The server refused something.
    case database(PostgresError)
}

extension PrivatePostgresError: CustomStringConvertible {
    /// The sentence for a log line or a terminal.
    public var description: String {
        switch self {
        case .notInstalled(let searched, let found):
            """
            Weir keeps its samples in PostgreSQL \(PostgresInstallation.oldest) or newer and \
            \(Self.whatIsThere(found)) (looked in \(searched.joined(separator: ", "))); \
            install it with: apt-get install postgresql, or name a server with database: postgres://…
            """
        case .otherVersion(let folder, let made, let installed):
            """
            the database in \(folder) was made by PostgreSQL \(made), and this machine has \
            only \(Self.list(installed)); install it with: apt-get install postgresql-\(made), \
            or see how to upgrade the database with: weir migrate --pg-upgrade
            """
        case .foreignFolder(let folder):
            """
            \(folder) holds something that Weir did not make and will not touch; \
            move it away, or give Weir another data folder
            """
        case .inUse(let folder, let process):
            """
            another Weir\(process.map { " (process \($0))" } ?? "") uses \(folder); \
            stop it, or give this one another data folder
            """
        case .diskFull(let folder, let free, let needed):
            """
            the disk under \(folder) has \(free >> 20) MB left and PostgreSQL needs \
            \(needed >> 20) MB; make room, or shorten what is retained
            """
        case .unreachable(let folder, let user):
            """
            PostgreSQL cannot run as root, so it runs as \(user), who cannot enter \(folder); \
            open the folders above with chmod o+x, or take a data folder such as /var/lib/weir
            """
        case .noUnprivilegedUser:
            """
            PostgreSQL cannot run as root and there is no user weir or postgres to run it as; \
            make one with: useradd --system weir
            """
        case .pathTooLong(let socket):
            """
            the path of the socket \(socket) has \(socket.utf8.count) bytes and a socket's \
            may have 107; take a data folder with a shorter path
            """
        case .notMade(let output): "initdb failed: \(output)"
        case .notStarted(let status, let output):
            "PostgreSQL ended with \(status) instead of starting: \(output)"
        case .leftBehind(let folder, let processes):
            """
            processes of a PostgreSQL that crashed still use \(folder) and do not end: \
            \(processes.map(String.init).joined(separator: ", ")); end them by hand
            """
        case .process(let cause): "the private database: \(cause)"
        case .database(let cause): "the private database: \(cause)"
        }
    }

    /// Whether the same may well succeed a little later.
    public var isTransient: Bool {
        switch self {
        case .diskFull, .notStarted, .leftBehind, .database: true
        default: false
        }
    }

    private static func whatIsThere(_ found: [Int]) -> String {
        found.isEmpty ? "finds none on this machine" : "finds only \(list(found))"
    }

    private static func list(_ versions: [Int]) -> String {
        versions.isEmpty
            ? "none" : "PostgreSQL " + versions.map(String.init).joined(separator: ", ")
    }
}
