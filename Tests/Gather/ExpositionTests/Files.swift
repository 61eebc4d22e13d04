import Glibc
import TestKit

/// Files of the tests, and of the public data beside the project.
enum Files {
    static func bytes(_ path: String) throws -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw SystemError("open", path: path) }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = read(descriptor, &piece, piece.count)
            guard count >= 0 else { throw SystemError("read", path: path) }
            if count == 0 { return bytes }
            bytes.append(contentsOf: piece[0..<count])
        }
    }

    static func text(_ path: String) throws -> String {
        String(decoding: try bytes(path), as: UTF8.self)
    }

    /// The names in a folder, sorted.
    static func names(in path: String) throws -> [String] {
        guard let folder = opendir(path) else { throw SystemError("opendir", path: path) }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if !name.hasPrefix(".") { names.append(name) }
        }
        return names.sorted()
    }

    /// The fuzz corpus.
    static let corpus = Shared.project + "/Tests/Gather/ExpositionTests/Corpus"

    /// Bodies in text and OpenMetrics from the public data, by name.
    static func samples() throws -> [(name: String, body: [UInt8], isOpenMetrics: Bool)] {
        guard let folder = Shared.folder("openmetrics") else { return [] }
        return try names(in: folder).filter { $0.hasSuffix(".txt") }.map {
            ($0, try bytes(folder + "/" + $0), $0.contains(".om."))
        }
    }

    /// The cases of OpenMetrics's own suite: name, body, and whether it should be read.
    static func suite() throws -> [(name: String, body: [UInt8], isGood: Bool)] {
        guard let folder = Shared.folder("openmetrics/parsers") else { return [] }
        return try names(in: folder).map { name in
            let test = try text(folder + "/" + name + "/test.json")
            return (name, try bytes(folder + "/" + name + "/metrics"), test.contains("true"))
        }
    }
}
