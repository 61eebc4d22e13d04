import Glibc
import TestKit

/// One line of a source file.
struct SourceLine: CustomStringConvertible {
    let file: String
    let number: Int
    let text: Substring
    /// The line above, or an empty text.
    let above: Substring

    /// Where it stands and what it says.
    var description: String { "\(file):\(number): \(text)" }

    /// The line without what follows `//`, and without what stands in quotes.
    let code: String

    init(file: String, number: Int, text: Substring, above: Substring) {
        (self.file, self.number, self.text, self.above) = (file, number, text, above)
        var isQuoted = false
        var last: UInt8 = 0
        var kept: [UInt8] = []
        for byte in text.utf8 {
            if byte == UInt8(ascii: "\"") && last != UInt8(ascii: "\\") { isQuoted.toggle() }
            if !isQuoted && byte == UInt8(ascii: "/") && last == byte {
                kept.removeLast()
                break
            }
            if !isQuoted { kept.append(byte) }
            last = byte
        }
        code = String(decoding: kept, as: UTF8.self)
    }
}

/// The project's own files, as text.
enum SourceTree {
    /// All lines of the sources, read once.
    static let sources = lines(below: "Sources")

    /// The paths of all Swift files below `folder`, relative to the project.
    static func files(below folder: String) -> [String] { walk(folder).sorted() }

    /// All lines of a file.
    static func lines(of file: String) -> [SourceLine] {
        let texts = text(of: file).split(separator: "\n", omittingEmptySubsequences: false)
        return texts.indices.map {
            SourceLine(
                file: file, number: $0 + 1, text: texts[$0], above: $0 > 0 ? texts[$0 - 1] : "")
        }
    }

    /// All lines of all Swift files below `folder`.
    static func lines(below folder: String) -> [SourceLine] {
        files(below: folder).flatMap(lines(of:))
    }

    /// A file's text; empty where there is no such file.
    static func text(of file: String) -> String {
        guard let stream = fopen(Shared.project + "/" + file, "r") else { return "" }
        defer { fclose(stream) }
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = fread(&piece, 1, piece.count, stream)
            guard count > 0 else { return String(decoding: bytes, as: UTF8.self) }
            bytes += piece[..<count]
        }
    }

    /// The names in a folder.
    static func names(in folder: String) -> [String] {
        guard let handle = opendir(Shared.project + "/" + folder) else { return [] }
        defer { closedir(handle) }
        var names: [String] = []
        while let entry = readdir(handle) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if !name.hasPrefix(".") { names.append(name) }
        }
        return names.sorted()
    }

    private static func walk(_ folder: String) -> [String] {
        names(in: folder).flatMap { name -> [String] in
            let path = folder + "/" + name
            return name.hasSuffix(".swift") ? [path] : name.contains(".") ? [] : walk(path)
        }
    }
}
