import Configuration
import YAML

/// `weir check config`: everything that is wrong with configuration files, before Weir reads them.
enum CheckConfigCommand {
    static let command = Command(
        "check config", "Says everything that is wrong with configuration files.",
        operands: "FILE…", operandCount: 0...Int.max,
        flags: [
            .toggle("syntax-only", "Do not look whether named files are there."),
            Flag(
                "lint", .text, "NAMES", standard: "duplicate-rules",
                "What to warn of besides: all, none, duplicate-rules, too-long-scrape-interval."),
            .toggle("lint-fatal", "Exit with 3 when only lints were found."),
            .toggle("agent", "Check for an agent, which neither evaluates rules nor alerts."),
            Flag(
                "settings", .text, "FILE",
                "Check Weir's own settings too, weir.yml; with --diff two files, OLD,NEW."),
            .toggle("schema", "Print the JSON schema of prometheus.yml for editors."),
            .toggle("settings-schema", "Print the JSON schema of weir.yml for editors."),
            .toggle("diff", "Take two files, and print what leads from the first to the second."),
        ],
        details: """
            Exit codes: 0 all is well, 1 something is wrong, 3 only lints with --lint-fatal.
            Example: weir check config --diff old.yml new.yml
            A weir.yml beside each of both files is compared too, and when its changes count is said.
            """
    ) { invocation in
        if invocation.isOn("schema") {
            Terminal.write(YAMLSchema.json(WeirConfig.shape, title: "prometheus.yml"))
            return .success
        }
        if invocation.isOn("settings-schema") {
            Terminal.write(Settings.jsonSchema)
            return .success
        }
        guard !invocation.operands.isEmpty || invocation.isGiven("settings") else {
            throw UsageError("weir check config needs a file, such as prometheus.yml")
        }
        let lints = try lints(invocation.text("lint"))
        if invocation.isOn("diff") { return try diff(invocation) }
        var worst = invocation.isGiven("settings") ? checkSettings(invocation) : .success
        for file in invocation.operands {
            let code = check(file, invocation, lints)
            if code == .failure || worst == .success { worst = code }
        }
        return worst
    }

    private static func check(
        _ file: String, _ invocation: Invocation, _ lints: [ConfigLint]
    ) -> ExitCode {
        guard let loaded = load(file, invocation) else { return .failure }
        let jobs = loaded.config.scrapeConfigs.count
        Terminal.write("\(file): valid, \(jobs) \(jobs == 1 ? "job" : "jobs")\n")
        let findings = lints.flatMap { $0.findings(in: loaded.config) }
        for finding in findings { Terminal.complain("\(file): lint: \(finding)") }
        return findings.isEmpty || !invocation.isOn("lint-fatal") ? .success : .lint
    }

    /// The settings as `weir run` would take them, its environment included.
    private static func checkSettings(_ invocation: Invocation) -> ExitCode {
        let reading = SettingsFile(invocation).read()
        say(reading.complaints)
        guard reading.settings != nil else { return .failure }
        Terminal.write("\(invocation.text("settings")): valid\n")
        return .success
    }

    private static func diff(_ invocation: Invocation) throws -> ExitCode {
        guard invocation.operands.count == 2 else {
            throw UsageError("--diff takes two files: the old one and the new one")
        }
        guard let old = load(invocation.operands[0], invocation),
            let new = load(invocation.operands[1], invocation)
        else { return .failure }
        let diff = ConfigDiff(from: old.config, to: new.config)
        guard let settings = try settingsChanges(invocation) else { return .failure }
        var lines = diff.lines
        lines += settings.map { "weir.yml: \($0.line) (\($0.effect.rawValue))" }
        if lines.isEmpty { lines = ["nothing changes"] }
        Terminal.write(lines.joined(separator: "\n") + "\n")
        Terminal.write("\(diff.unchangedJobs) jobs stay as they are\n")
        return .success
    }

    /// What leads from one weir.yml to the other, or `nil` after everything that is wrong was said.
    private static func settingsChanges(_ invocation: Invocation) throws -> [SettingsChange]? {
        var files = invocation.operands.map { SettingsFile(beside: $0) }
        if invocation.isGiven("settings") {
            files = invocation.text("settings").split(separator: ",").map {
                SettingsFile(path: String($0))
            }
        }
        guard files.count == 2 else {
            throw UsageError("--diff takes two files with --settings too: --settings=OLD,NEW")
        }
        let readings = files.map { $0.read() }
        for reading in readings { say(reading.complaints) }
        guard let old = readings[0].settings, let new = readings[1].settings else { return nil }
        return SettingsChange.all(from: old, to: new)
    }

    /// The configuration, or `nil` after everything that is wrong was said.
    private static func load(_ file: String, _ invocation: Invocation) -> LoadedConfig? {
        var checks = ConfigChecks()
        checks.missingFiles = invocation.isOn("syntax-only") ? .ignored : .error
        checks.isAgent = invocation.isOn("agent")
        do {
            let loaded = try ConfigLoader.load(file, checks: checks)
            say(loaded.warnings)
            return loaded
        } catch {
            say(error.complaints)
            return nil
        }
    }

    private static func say(_ complaints: [YAMLComplaint]) {
        for complaint in complaints {
            let kind = complaint.severity == .error ? "error" : "warning"
            Terminal.complain("\(kind): \(complaint.excerpt)")
        }
    }

    private static func lints(_ text: String) throws -> [ConfigLint] {
        switch text {
        case "all": return ConfigLint.allCases
        case "none", "": return []
        default:
            return try text.split(separator: ",").map { name in
                if let lint = ConfigLint(rawValue: String(name)) { return lint }
                let names = ConfigLint.allCases.map(\.rawValue)
                let near = Nearest.name(to: String(name), among: names)
                throw UsageError(
                    "there is no lint \"\(name)\""
                        + (near.map { "; did you mean \($0)?" }
                            ?? "; there are \(names.joined(separator: ", "))"))
            }
        }
    }
}
