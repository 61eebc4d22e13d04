import Glibc
import Model
import Telemetry
import Threads

/// Files of targets, read on one thread for all sources, since disks block.
actor TargetFiles {
    static let shared = TargetFiles()

    private nonisolated let thread = ThreadExecutor(name: "weir-sd-files")
    /// The thread of the disk.
    nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe thread.asUnownedSerialExecutor()
    }

    /// What is known of one file.
    struct Known: Sendable {
        var groups: [TargetGroup] = []
        var fault: DiscoveryError?
        var modified = 0.0
    }

    // Longer than any list that a person or a generator writes.
    private static let longest = 256 << 20

    /// The files that `patterns` name now, read; one that cannot be read keeps what `known` says.
    func read(_ patterns: [String], after known: [String: Known]) -> [String: Known] {
        var next: [String: Known] = [:]
        for path in patterns.flatMap(Self.matches) where next[path] == nil {
            var file = known[path] ?? Known()
            do throws(DiscoveryError) {
                (file.groups, file.modified) = try Self.groups(of: path)
                file.fault = nil
            } catch { file.fault = error }
            next[path] = file
        }
        return next
    }

    private static func groups(
        of path: String
    ) throws(DiscoveryError) -> ([TargetGroup], modified: Double) {
        let (bytes, modified) = try contents(of: path)
        let label = Label("__meta_filepath", path)
        if path.lowercased().hasSuffix(".json") {
            return (try TargetList.json(bytes, place: path, label: label), modified)
        }
        return (try TargetList.yaml(bytes, place: path, label: label), modified)
    }

    private static func contents(of path: String) throws(DiscoveryError) -> ([UInt8], Double) {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw unreadable(path) }
        defer { close(descriptor) }
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else { throw unreadable(path) }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(max(0, min(Int(status.st_size), longest)))
        var piece = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = unsafe Glibc.read(descriptor, &piece, piece.count)
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw unreadable(path) }
            if count == 0 { break }
            bytes += piece[..<count]
            guard bytes.count <= longest else {
                throw .unreadable(path: path, reason: "it is over \(longest >> 20) MB")
            }
        }
        let time = status.st_mtim
        return (bytes, Double(time.tv_sec) + Double(time.tv_nsec) / 1e9)
    }

    private static func unreadable(_ path: String) -> DiscoveryError {
        .unreadable(path: path, reason: unsafe String(cString: strerror(errno)).lowercased())
    }

    /// The files that a pattern names, sorted; one without a `*` names itself if it is there.
    private static func matches(_ pattern: String) -> [String] {
        var found = unsafe glob_t()
        defer { unsafe globfree(&found) }
        guard unsafe glob(pattern, 0, nil, &found) == 0, let paths = unsafe found.gl_pathv else {
            return []
        }
        return (0..<Int(unsafe found.gl_pathc)).compactMap { index in
            unsafe paths[index].map { unsafe String(cString: $0) }
        }
    }
}
