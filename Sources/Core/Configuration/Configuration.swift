// Configuration: prometheus.yml and weir.yml as checked values, and everything wrong with a file.
// In: a path. Out: `WeirConfig`, complaints with their places, and the list of files that were read.
// Start at `ConfigLoader`, and at `SettingsReading` for weir.yml. Each block is one `YAMLTable`,
// which decodes it, prints it back and documents it. Knows nothing of HTTP, targets' life or the
// database. Imports: Access, Model, RE2, Relabeling, YAML.

public import YAML

/// Why there is no configuration; the complaints say it all.
public struct ConfigError: Error, Sendable, CustomStringConvertible {
    /// Everything that was found, errors and warnings, in the order of files and lines.
    public let complaints: [YAMLComplaint]

    /// One line for each error.
    public var description: String {
        complaints.filter { $0.severity == .error }.map(\.description).joined(separator: "\n")
    }

    /// The description with the lines of the file and carets.
    public var excerpts: String {
        complaints.filter { $0.severity == .error }.map(\.excerpt).joined(separator: "\n")
    }
}
