import YAML

/// What a reload would change; no secret is shown.
public struct ConfigDiff: Sendable, Equatable {
    /// A field or a block with its values before and after, on one line each.
    public struct FieldChange: Sendable, Equatable {
        /// The field.
        public let name: String
        /// Its value before; empty where it was not set.
        public let old: String
        /// Its value after; the same as before where only a secret changed.
        public let new: String
    }

    /// A job that both configurations have and that is not the same in them.
    public struct JobChange: Sendable, Equatable {
        /// The job.
        public let name: String
        /// Its fields, apart from targets in the file itself.
        public let fields: [FieldChange]
        /// Addresses of `static_configs` that are new.
        public let addedTargets: [String]
        /// Addresses of `static_configs` that are gone.
        public let removedTargets: [String]
    }

    /// Jobs that are new, with the number of their targets in the file itself.
    public let addedJobs: [(name: String, targets: Int)]
    /// Jobs that are gone, with the number of their targets in the file itself.
    public let removedJobs: [(name: String, targets: Int)]
    /// Jobs that change.
    public let changedJobs: [JobChange]
    /// How many jobs stay as they are.
    public let unchangedJobs: Int
    /// Everything beside jobs.
    public let sections: [FieldChange]

    /// What leads from `old` to `new`.
    public init(from old: WeirConfig, to new: WeirConfig) {
        let before = Dictionary(
            old.scrapeConfigs.map { ($0.jobName, $0) }, uniquingKeysWith: { first, _ in first })
        let after = Set(new.scrapeConfigs.map(\.jobName))
        addedJobs = new.scrapeConfigs.filter { before[$0.jobName] == nil }.map(Self.summary)
        removedJobs = old.scrapeConfigs.filter { !after.contains($0.jobName) }.map(Self.summary)
        var changed: [JobChange] = []
        var unchanged = 0
        for job in new.scrapeConfigs {
            guard let earlier = before[job.jobName] else { continue }
            if earlier == job {
                unchanged += 1
            } else {
                changed.append(Self.change(from: earlier, to: job))
            }
        }
        changedJobs = changed
        unchangedJobs = unchanged
        var (oldRest, newRest) = (old, new)
        oldRest.scrapeConfigs = []
        newRest.scrapeConfigs = []
        let same = oldRest == newRest
        sections =
            same
            ? []
            : Self.fields(
                from: WeirConfig.table.encode(oldRest), to: WeirConfig.table.encode(newRest),
                secretOf: "remote_write, alerting or another block")
    }

    /// Whether nothing changes.
    public var isEmpty: Bool {
        addedJobs.isEmpty && removedJobs.isEmpty && changedJobs.isEmpty && sections.isEmpty
    }

    /// Whether both say the same.
    public static func == (left: ConfigDiff, right: ConfigDiff) -> Bool {
        left.lines == right.lines
    }

    /// One line for each change, as `weir check config --diff` prints them.
    public var lines: [String] {
        var lines = removedJobs.map { "- job \($0.name) (\(Self.count($0.targets)))" }
        lines += addedJobs.map { "+ job \($0.name) (\(Self.count($0.targets)))" }
        for job in changedJobs {
            lines.append("~ job \(job.name)")
            lines += job.removedTargets.map { "    - target \($0)" }
            lines += job.addedTargets.map { "    + target \($0)" }
            lines += job.fields.map { "    ~ \(Self.line($0))" }
        }
        return lines + sections.map { "~ \(Self.line($0))" }
    }

    private static func count(_ targets: Int) -> String {
        targets == 1 ? "1 target in the file" : "\(targets) targets in the file"
    }

    static func line(_ change: FieldChange) -> String {
        if change.old == change.new { return "\(change.name): a secret changes" }
        let old = change.old.isEmpty ? "(not set)" : change.old
        let new = change.new.isEmpty ? "(not set)" : change.new
        return "\(change.name): \(old) -> \(new)"
    }

    private static func summary(_ job: ScrapeConfig) -> (name: String, targets: Int) {
        (job.jobName, job.discovery.statics.reduce(0) { $0 + $1.targets.count })
    }

    private static func change(from old: ScrapeConfig, to new: ScrapeConfig) -> JobChange {
        let before = Set(old.discovery.statics.flatMap(\.targets))
        let after = Set(new.discovery.statics.flatMap(\.targets))
        var (oldRest, newRest) = (old, new)
        // Labels of targets stay in the comparison; their addresses are told apart.
        for index in oldRest.discovery.statics.indices {
            oldRest.discovery.statics[index].targets = []
        }
        for index in newRest.discovery.statics.indices {
            newRest.discovery.statics[index].targets = []
        }
        let fields =
            oldRest == newRest
            ? []
            : fields(
                from: ScrapeConfig.table.encode(oldRest), to: ScrapeConfig.table.encode(newRest),
                secretOf: "its credentials")
        return JobChange(
            name: new.jobName, fields: fields, addedTargets: after.subtracting(before).sorted(),
            removedTargets: before.subtracting(after).sorted())
    }

    private static func fields(
        from old: YAMLNode, to new: YAMLNode, secretOf place: String
    ) -> [FieldChange] {
        let changes = fields(from: old, to: new)
        return changes.isEmpty ? [FieldChange(name: place, old: "", new: "")] : changes
    }

    static func fields(from old: YAMLNode, to new: YAMLNode) -> [FieldChange] {
        let (before, after) = (values(of: old), values(of: new))
        var names = before.map(\.name)
        for (name, _) in after where !names.contains(name) { names.append(name) }
        return names.compactMap { name -> FieldChange? in
            let old = before.first { $0.name == name }?.text ?? ""
            let new = after.first { $0.name == name }?.text ?? ""
            return old == new ? nil : FieldChange(name: name, old: old, new: new)
        }
    }

    private static func values(of node: YAMLNode) -> [(name: String, text: String)] {
        guard case .map(let entries) = node.content else { return [] }
        return entries.map { ($0.name, $0.value.inline ?? "") }
    }
}

extension Settings {
    /// What leads from `old` to these, a line for each setting; no secret is shown.
    ///
    /// Who may pass is not among it: credentials tell of themselves.
    public func changes(since old: Settings) -> [String] {
        let (before, after) = (Settings.table.encode(old), Settings.table.encode(self))
        let texts = ConfigDiff.fields(from: before, to: after)
        let secrets = [
            ("sql.reader_password", old.sql.readerPassword == sql.readerPassword),
            ("auth_profiles", old.authProfiles == authProfiles),
        ]
        let hidden = secrets.filter { name, isSame in !isSame && !texts.contains { $0.name == name }
        }
        return texts.map(ConfigDiff.line) + hidden.map { "\($0.0): a secret changes" }
    }
}
