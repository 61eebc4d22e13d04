import Configuration
import Model
import Processes
import Telemetry
import Threads

/// `file_sd_configs`: targets in JSON and YAML files, read again when they change.
///
/// A file that cannot be read or understood keeps what it said last, and only that file does.
struct FileSource: TargetSource {
    private let config: FileDiscoveryConfig
    private let surroundings: SourceSurroundings
    private let errors: Counter

    init(_ config: FileDiscoveryConfig, _ surroundings: SourceSurroundings) {
        self.config = config
        self.surroundings = surroundings
        errors = surroundings.registry.counter(
            "weir_sd_file_read_errors_total", "Files of targets that could not be read.")
    }

    func run(_ updates: TargetUpdates) async {
        let changes = FolderWatcher.shared.changes(in: Set(config.files.map(Self.folder)))
        let known = Locked<[String: TargetFiles.Known]>([:])
        let loop = RefreshLoop(kind: "file", every: config.refreshInterval, surroundings)
        // Long enough for the other files of one deployment, too short to be waited for.
        await loop.run(updates, also: changes.events, settling: .milliseconds(50)) {
            changes.renew()
            let before = known.withLock { $0 }
            let now = await TargetFiles.shared.read(config.files, after: before)
            known.withLock { $0 = now }
            return answer(now)
        }
    }

    private func answer(_ files: [String: TargetFiles.Known]) -> RefreshLoop.Answer {
        var faults: [String] = []
        var groups: [TargetGroup] = []
        for (path, file) in files.sorted(by: { $0.key.isBytewiseLess(than: $1.key) }) {
            groups += file.groups
            if let fault = file.fault { faults.append(fault.description) }
            surroundings.registry.gauge(
                "weir_sd_file_mtime_seconds", "When a file of targets was written, since 1970.",
                ["filename": path]
            ).set(file.modified)
        }
        errors.add(faults.count)
        return RefreshLoop.Answer(
            groups: groups, fault: faults.isEmpty ? nil : faults.joined(separator: "; "))
    }

    private static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }
}
