import Model
public import YAML

/// A configuration and what was found on the way to it.
public struct LoadedConfig: Sendable {
    /// The configuration.
    public let config: WeirConfig
    /// What is worth knowing, in the order of files and lines.
    public let warnings: [YAMLComplaint]
    /// Every file that was read, the first one being the configuration itself.
    public let files: [String]
    /// The same as long as none of the files that make up the configuration changes.
    public let checksum: UInt64
}

/// What is checked beyond the text itself.
public struct ConfigChecks: Sendable {
    /// What a file that is named and missing means.
    public enum Missing: Sendable { case ignored, warning, error }
    /// Certificates, keys and credentials that are not there.
    public var missingFiles = Missing.warning
    /// Whether the configuration is for an agent, which neither evaluates rules nor alerts.
    public var isAgent = false

    /// What is checked when Weir starts or reloads.
    public init() {}
}

/// Reads prometheus.yml and the files that it includes.
public enum ConfigLoader {
    /// The configuration of the file at `path`; throws everything that is wrong with it at once.
    ///
    /// Blocks on the disk: call it off the cooperative pool.
    public static func load(
        _ path: String, checks: ConfigChecks = ConfigChecks()
    ) throws(ConfigError) -> LoadedConfig {
        var run = LoadRun(checks: checks)
        let config = run.load(path)
        let complaints = run.complaints
        guard let config, !complaints.contains(where: { $0.severity == .error }) else {
            throw ConfigError(complaints: complaints)
        }
        return LoadedConfig(
            config: config, warnings: complaints, files: run.files,
            checksum: checksum(of: run.files, patterns: run.patterns))
    }

    /// The same, where a file that is not there stands for one that says nothing.
    public static func load(
        _ path: String, mayBeMissing: Bool
    ) throws(ConfigError) -> LoadedConfig {
        guard mayBeMissing, !FileSystem.exists(path) else { return try load(path) }
        let missing = YAMLComplaint(
            .warning, file: path, mark: .start, problem: "there is no such file",
            remedy: "nothing is scraped; write it, or name another with --config.file", source: "")
        return LoadedConfig(
            config: WeirConfig(), warnings: [missing], files: [path],
            checksum: checksum(of: [path], patterns: []))
    }

    /// What `LoadedConfig.checksum` would be now: reads all files of `loaded` again, and those that
    /// its patterns have come to match.
    public static func currentChecksum(of loaded: LoadedConfig) -> UInt64 {
        let config = loaded.config
        let patterns = config.scrapeConfigFiles + config.ruleFiles
        let main = loaded.files.prefix(1)
        return checksum(of: main + patterns.flatMap(FileSystem.matches), patterns: [])
    }

    private static func checksum(of files: [String], patterns: [String]) -> UInt64 {
        var hash = StableHash()
        for file in files + patterns.flatMap(FileSystem.matches) {
            hash.combine(file)
            hash.combine(FileSystem.text(of: file) ?? "\u{0}")
        }
        return hash.value
    }
}

/// One run of the loader over all files.
private struct LoadRun {
    let checks: ConfigChecks
    private(set) var complaints: [YAMLComplaint] = []
    /// The configuration and the files with jobs.
    private(set) var files: [String] = []
    /// The patterns whose files count for the checksum without being read here.
    private(set) var patterns: [String] = []
    private var jobs: [String: YAMLMarkedFile] = [:]
    private var said: YAMLDecoding?

    private struct YAMLMarkedFile {
        let file: String
        let line: Int
    }

    init(checks: ConfigChecks) { self.checks = checks }

    mutating func load(_ path: String) -> WeirConfig? {
        guard let document = read(path) else { return nil }
        var decoding = YAMLDecoding(document)
        decoding.folder = FileSystem.folder(of: path)
        let root = document.root ?? .plain("")
        decoding.global = Self.global(of: root, in: document)
        guard var config = WeirConfig.table.decode(root, &decoding) else {
            complaints += decoding.complaints
            return nil
        }
        noteJobs(in: root, &decoding)
        checkFiles(&decoding)
        checkPatterns(config, root, &decoding)
        if checks.isAgent { Self.checkAgent(root, &decoding) }
        finish(decoding)
        patterns = config.ruleFiles
        for pattern in config.scrapeConfigFiles {
            for file in FileSystem.matches(pattern) {
                config.scrapeConfigs += include(file, global: config.global)
            }
        }
        return config
    }

    private mutating func read(_ path: String) -> YAMLDocument? {
        files.append(path)
        do { return try YAMLReader.read(path: path) } catch {
            switch error {
            case .refused(let complaint): complaints.append(complaint)
            case .unreadable(let file, let reason):
                complaints.append(
                    YAMLComplaint(
                        .error, file: file, mark: .start,
                        problem: "the file cannot be read: \(reason)",
                        remedy: "check the path and its permissions", source: ""))
            }
            return nil
        }
    }

    /// The globals alone, which jobs need before the file is decoded in its own order.
    private static func global(of root: YAMLNode, in document: YAMLDocument) -> GlobalConfig {
        var decoding = YAMLDecoding(document)
        decoding.folder = FileSystem.folder(of: document.file)
        guard let node = root["global"] else { return GlobalConfig() }
        return GlobalConfig.table.decode(node, &decoding) ?? GlobalConfig()
    }

    private mutating func include(_ path: String, global: GlobalConfig) -> [ScrapeConfig] {
        guard let document = read(path) else { return [] }
        var decoding = YAMLDecoding(document)
        if let said { decoding.continueFrom(said) }
        decoding.folder = FileSystem.folder(of: path)
        decoding.global = global
        let root = document.root ?? .plain("")
        let file = ScrapeConfigFile.table.decode(root, &decoding)
        noteJobs(in: root, &decoding)
        checkFiles(&decoding)
        finish(decoding)
        return file?.scrapeConfigs ?? []
    }

    private mutating func finish(_ decoding: YAMLDecoding) {
        complaints += decoding.complaints.sorted { $0.mark < $1.mark }
        if decoding.omitted > 0 {
            complaints.append(
                YAMLComplaint(
                    .error, file: decoding.document.file, mark: .start,
                    problem: "there are \(decoding.omitted) more complaints",
                    remedy: "correct those above first", source: ""))
        }
        said = decoding
    }

    /// Notes names that another job has, in this file or in one before.
    private mutating func noteJobs(in root: YAMLNode, _ decoding: inout YAMLDecoding) {
        guard case .list(let nodes)? = root["scrape_configs"]?.content else { return }
        let file = decoding.document.file
        for node in nodes {
            guard let name = node["job_name"], case .scalar(let scalar) = name.content else {
                continue
            }
            if let first = jobs[scalar.text] {
                let place =
                    first.file == file ? "line \(first.line)" : "\(first.file):\(first.line)"
                decoding.error(
                    "the job_name \"\(YAMLComplaint.short(scalar.text))\" is taken",
                    "the first is in \(place); rename one of them", at: name.mark)
            } else {
                jobs[scalar.text] = YAMLMarkedFile(file: file, line: name.mark.line)
            }
        }
    }

    private func checkFiles(_ decoding: inout YAMLDecoding) {
        guard checks.missingFiles != .ignored else { return }
        var warned: Set<String> = []
        for file in decoding.files {
            let isPattern = file.path.contains("*")
            if isPattern ? FileSystem.matches(file.path).isEmpty : !FileSystem.exists(file.path) {
                let problem = "there is no file \(file.path)"
                if checks.missingFiles == .error, [.key, .certificate].contains(file.use) {
                    decoding.error(problem, "create it, or correct the path", at: file.mark)
                } else {
                    decoding.warn(problem, "create it, or correct the path", at: file.mark)
                }
            } else if [.secret, .key].contains(file.use), warned.insert(file.path).inserted,
                Secret.file(file.path).isReadableByAll
            {
                decoding.warn(
                    "everybody on this machine can read the secret in \(file.path)",
                    "chmod 600 \(file.path)", at: file.mark)
            }
        }
    }

    private func checkPatterns(
        _ config: WeirConfig, _ root: YAMLNode, _ decoding: inout YAMLDecoding
    ) {
        guard checks.missingFiles != .ignored else { return }
        for (field, patterns) in [
            ("rule_files", config.ruleFiles), ("scrape_config_files", config.scrapeConfigFiles),
        ] {
            guard case .list(let nodes)? = root[field]?.content else { continue }
            for (pattern, node) in zip(patterns, nodes) where FileSystem.matches(pattern).isEmpty {
                let isPattern = pattern.contains { "*?[".contains($0) }
                let problem =
                    isPattern ? "no file matches \(pattern)" : "there is no file \(pattern)"
                let remedy = "create it, or correct the path"
                if checks.missingFiles == .error, !isPattern, field == "rule_files" {
                    decoding.error(problem, remedy, at: node.mark)
                } else {
                    decoding.warn(problem, remedy, at: node.mark)
                }
            }
        }
    }

    private static func checkAgent(_ root: YAMLNode, _ decoding: inout YAMLDecoding) {
        guard case .map(let entries) = root.content else { return }
        for entry in entries
        where ["alerting", "rule_files", "remote_read"].contains(entry.name) && !entry.value.isNull
        {
            decoding.error(
                "\(entry.name) does not go with --agent", "remove it, or run without --agent",
                at: entry.mark)
        }
    }
}
