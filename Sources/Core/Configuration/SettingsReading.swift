import Access
import Model
public import YAML

/// What reading the settings gave: a value where nothing is wrong, and all complaints in one run.
public struct SettingsReading: Sendable {
    /// The settings, the environment's over the file's; `nil` where there is an error.
    public let settings: Settings?
    /// Everything that is wrong or worth knowing, file first, in the order of the lines.
    public let complaints: [YAMLComplaint]

    /// The errors, each with its line and a caret.
    public var errors: [YAMLComplaint] { complaints.filter { $0.severity == .error } }
    /// What does not keep Weir from starting.
    public var warnings: [YAMLComplaint] { complaints.filter { $0.severity == .warning } }

    /// Reads the file at `path`, if there is to be one, and the `WEIR_…` variables.
    public init(path: String?, environment: [String: String] = [:]) {
        guard let path else {
            self.init(document: nil, environment: environment)
            return
        }
        do {
            self.init(document: try YAMLReader.read(path: path), environment: environment)
        } catch {
            self.init(refusedBy: Self.complaint(about: path, error))
        }
    }

    /// Other than before whenever the file at `path` holds other bytes.
    public static func checksum(of path: String?) -> UInt64 {
        var hash = StableHash()
        if let path { hash.combine(FileSystem.text(of: path) ?? "\u{0}") }
        return hash.value
    }

    private init(refusedBy complaint: YAMLComplaint) {
        settings = nil
        complaints = [complaint]
    }

    private static func complaint(about path: String, _ error: YAMLError) -> YAMLComplaint {
        switch error {
        case .refused(let complaint): complaint
        case .unreadable(_, let reason):
            YAMLComplaint(
                .error, file: path, mark: .start, problem: "cannot be read: \(reason)",
                remedy: "check the path and its permissions", source: "")
        }
    }

    /// Reads a document, if there is one, and the `WEIR_…` variables.
    public init(document: YAMLDocument?, environment: [String: String] = [:]) {
        var complaints: [YAMLComplaint] = []
        var access = AccessSettings()
        var node = document?.root ?? .plain("")
        var said: YAMLDecoding?
        if let document {
            var decoding = YAMLDecoding(document)
            decoding.folder = FileSystem.folder(of: document.file)
            _ = Settings.table.decode(node, &decoding)
            complaints = decoding.complaints
            said = decoding
            Self.read(document, into: &access, &complaints)
            complaints.sort { $0.mark < $1.mark }
        }
        let (values, faults) = SettingsEnvironment.values(in: environment)
        complaints += faults
        for value in values {
            guard let root = value.document.root else { continue }
            var decoding = YAMLDecoding(value.document)
            if let said { decoding.continueFrom(said) }
            _ = Settings.table.decode(root, &decoding)
            complaints += decoding.complaints
            said = decoding
            Self.read(value.document, into: &access, &complaints)
            node = node.merged(with: root)
        }
        self.complaints = complaints
        guard !complaints.contains(where: { $0.severity == .error }) else {
            settings = nil
            return
        }
        // Everything was complained about above, where it stands; here only the values count.
        var settings = Self.decoded(node, folder: document.map { FileSystem.folder(of: $0.file) })
        settings?.access = access
        self.settings = settings
    }

    /// Access reads its own two fields, and complains about them itself.
    private static func read(
        _ document: YAMLDocument, into access: inout AccessSettings,
        _ complaints: inout [YAMLComplaint]
    ) {
        guard let root = document.root else { return }
        do {
            let found = try AccessSettings(document)
            if root["auth"]?.isNull == false { access.rule = found.rule }
            if root["credentials"]?.isNull == false { access.credentials = found.credentials }
        } catch .refused(let found) {
            complaints += found.filter { !complaints.contains($0) }
        } catch {
            complaints.append(
                YAMLComplaint(
                    .error, file: document.file, mark: .start, problem: "\(error)", remedy: "",
                    source: ""))
        }
    }

    private static func decoded(_ node: YAMLNode, folder: String?) -> Settings? {
        // The document only serves to show lines, and nothing is shown.
        guard let empty = try? YAMLReader.read([], file: "settings") else { return nil }
        var decoding = YAMLDecoding(empty)
        decoding.folder = folder ?? ""
        return Settings.table.decode(node, &decoding)
    }
}

extension YAMLNode {
    /// The fields of both; where both have one that is no block, that of `other`.
    fileprivate func merged(with other: YAMLNode) -> YAMLNode {
        guard case .map(let theirs) = other.content else { return other }
        guard case .map(let ours) = content else { return other }
        var entries = ours.map { (name: $0.name, value: $0.value) }
        for entry in theirs {
            if let place = entries.firstIndex(where: { $0.name == entry.name }) {
                entries[place].value = entries[place].value.merged(with: entry.value)
            } else {
                entries.append((name: entry.name, value: entry.value))
            }
        }
        return .map(entries)
    }
}
