import Glibc
import Processes

/// A PostgreSQL on this machine: its version and where its programs are.
public struct PostgresInstallation: Hashable, Sendable {
    /// The oldest that Weir works with.
    public static let oldest = 15

    /// The folder of `postgres`, `initdb` and the others.
    public let binaries: String
    /// The major version, such as 15.
    public let version: Int

    /// An installation that is known already.
    public init(binaries: String, version: Int) {
        self.binaries = binaries
        self.version = version
    }

    /// The path of one of its programs.
    public func program(_ name: String) -> String { binaries + "/" + name }

    /// Where Debian puts each version, and the folders that `PATH` names.
    public static var places: [String] {
        let base = "/usr/lib/postgresql"
        let packaged = Files.names(in: base).map { "\(base)/\($0)/bin" }
        let path = unsafe getenv("PATH").map { unsafe String(cString: $0) } ?? ""
        return packaged + path.split(separator: ":").map(String.init)
    }

    /// All installations in `places` with a server, the newest first.
    public static func all(in places: [String] = places) async -> [PostgresInstallation] {
        var found: [Int: PostgresInstallation] = [:]
        for place in places where Files.isProgram(place + "/initdb") {
            guard Files.isProgram(place + "/postgres"),
                let version = await version(of: place + "/postgres"), found[version] == nil
            else { continue }
            found[version] = PostgresInstallation(binaries: place, version: version)
        }
        return found.values.sorted { $0.version > $1.version }
    }

    /// The newest that Weir works with.
    public static func newest(
        in places: [String] = places
    ) async throws(PrivatePostgresError) -> PostgresInstallation {
        let all = await all(in: places)
        guard let newest = all.first, newest.version >= oldest else {
            throw .notInstalled(searched: searched(places), found: all.map(\.version))
        }
        return newest
    }

    /// The one that made the cluster in `folder`; no other can read it.
    static func matching(
        _ made: Int, folder: String, in places: [String]
    ) async throws(PrivatePostgresError) -> PostgresInstallation {
        let all = await all(in: places)
        guard let match = all.first(where: { $0.version == made }) else {
            if all.isEmpty { throw .notInstalled(searched: searched(places), found: []) }
            throw .otherVersion(folder: folder, made: made, installed: all.map(\.version))
        }
        return match
    }

    private static func searched(_ places: [String]) -> [String] {
        ["/usr/lib/postgresql/*/bin"] + places.filter { !$0.hasPrefix("/usr/lib/postgresql/") }
    }

    /// The major version that `postgres --version` tells: `postgres (PostgreSQL) 15.4 (Debian…)`.
    private static func version(of program: String) async -> Int? {
        do throws(ProcessError) {
            let (status, output) = try await Command(program, ["--version"]).run(
                limit: .seconds(10))
            return status.isSuccess ? majorVersion(in: output) : nil
        } catch {
            return nil
        }
    }

    static func majorVersion(in text: String) -> Int? {
        guard let digits = text.split(separator: " ").first(where: { $0.first?.isNumber == true })
        else { return nil }
        return Int(digits.prefix { $0.isNumber })
    }
}
