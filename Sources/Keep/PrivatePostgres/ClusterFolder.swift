import Glibc
import Processes

/// The places inside the private database's folder, and what is found there.
struct ClusterFolder: Sendable {
    /// The whole of it: `<data>/postgres`.
    let path: String

    /// The cluster itself.
    var cluster: String { path + "/cluster" }
    /// A cluster that is being made; it gets its name when it is whole.
    var newDraft: String {
        path + "/" + Self.draftPrefix + "." + String(UInt32.random(in: .min ... .max), radix: 36)
    }
    /// How drafts are called.
    static let draftPrefix = "cluster.making"
    /// Where the socket is: nobody else may enter.
    var socket: String { path + "/run" }
    /// The server's log.
    var log: String { path + "/log" }
    /// What the server says before its log is open.
    var startLog: String { log + "/start.log" }
    /// Held by the Weir that has the cluster.
    var lock: String { path + "/lock" }

    /// What the folder of the cluster holds.
    enum Content: Equatable {
        case nothing
        case cluster(version: Int)
        case foreign
    }

    /// Written into a draft before it gets its name, so every cluster of Weir's has it.
    static let settingsFile = "weir.conf"

    var content: Content {
        switch Files.kind(of: cluster) {
        case .nothing: return .nothing
        case .other: return .foreign
        case .folder: break
        }
        guard Files.kind(of: cluster + "/" + Self.settingsFile) == .other,
            let text = Files.read(cluster + "/PG_VERSION"),
            let version = PostgresInstallation.majorVersion(in: text)
        else { return .foreign }
        return .cluster(version: version)
    }

    /// What the running or crashed server wrote down, if there is one.
    var postmasterFile: PostmasterFile? {
        Files.read(cluster + "/postmaster.pid").flatMap(PostmasterFile.init)
    }

    /// The numbers of all processes that work in the cluster: every PostgreSQL process does.
    ///
    /// The proof that a number in a pid file is not somebody else's by now.
    var processes: [Int32] {
        let folder = Files.canonical(cluster)
        return Files.names(in: "/proc").compactMap { Int32($0) }.filter { process in
            Files.destination(of: "/proc/\(process)/cwd") == folder
                && process != getpid()
        }
    }

    /// The end of what the server said when it started.
    var lastWords: String {
        let start = lines(of: startLog)
        guard start.contains(where: { $0.contains("redirecting log output") }) else {
            return start.suffix(6).joined(separator: "; ")
        }
        let own = Files.names(in: log).filter { $0.hasPrefix("postgres-") }
            .flatMap { lines(of: log + "/" + $0).suffix(6) }
        return own.suffix(6).joined(separator: "; ")
    }

    private func lines(of path: String) -> [Substring] {
        (Files.read(path) ?? "").split(separator: "\n")
    }
}
