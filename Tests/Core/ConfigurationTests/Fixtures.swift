import Glibc
import TestKit
import Testing
import YAML

@testable import Configuration

extension LoadedConfig {
    /// What is worth knowing beside the sections that this version does not act on.
    var otherWarnings: [String] {
        warnings.map(\.problem).filter { !$0.contains(": read and checked, but ") }
    }
}

/// The files of `Fixtures`, good and bad.
enum Fixtures {
    static let folder = "\(Shared.project)/Tests/Core/ConfigurationTests/Fixtures"

    static let good = names(in: "good")
    static let bad = names(in: "bad")

    /// The sentences that are expected about a bad file, one a line.
    static func sentences(_ name: String) throws -> [String] {
        let path = "\(folder)/bad/\(name.dropLast(4)).txt"
        let text = try #require(FileSystem.text(of: path), "\(path)")
        return text.split(separator: "\n").map(String.init)
    }

    /// Whether promtool 2.42 knows every field of the file; its first line says so otherwise.
    static func isKnownToPromtool(_ path: String) throws -> Bool {
        try #require(FileSystem.text(of: path)).hasPrefix("# promtool: no") == false
    }

    /// What is checked of the text alone.
    static var textOnly: ConfigChecks {
        var checks = ConfigChecks()
        checks.missingFiles = .ignored
        return checks
    }

    private static func names(in kind: String) -> [String] {
        FileSystem.matches("\(folder)/\(kind)/*.yml").compactMap {
            $0.split(separator: "/").last.map(String.init)
        }
    }
}
