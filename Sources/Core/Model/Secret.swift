import Glibc

/// A text that nobody else may see, or the file that holds it; prints as `<secret>`.
public struct Secret: Sendable, Hashable {
    private enum Source: Hashable {
        case text(String)
        case file(String)
    }

    private let source: Source

    /// A secret that is written down as it is.
    public static func text(_ text: String) -> Secret { Secret(source: .text(text)) }

    /// A secret that lies in the file at `path` and is read again each time it is used.
    public static func file(_ path: String) -> Secret { Secret(source: .file(path)) }

    /// The file that holds it, if one does.
    public var path: String? { if case .file(let path) = source { path } else { nil } }

    /// Whether it is written down and empty.
    public var isEmpty: Bool { source == .text("") }

    /// The secret itself, without the white space around what a file holds.
    ///
    /// Reads the file anew: call it where the secret is used, not where it is configured, and off
    /// the cooperative pool.
    public func reveal() throws(ModelError) -> String {
        switch source {
        case .text(let text): return text
        case .file(let path): return try Self.contents(of: path)
        }
    }

    /// Whether every user of this machine may read the file that holds it.
    public var isReadableByAll: Bool {
        guard let path else { return false }
        var status = stat()
        return unsafe stat(path, &status) == 0 && status.st_mode & S_IROTH != 0
    }

    // No secret is longer; a larger file is a mistake.
    private static let longest = 1 << 20

    private static func contents(of path: String) throws(ModelError) -> String {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .secretFile(path: path, reason: reason()) }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 4096)
        while bytes.count <= longest {
            let count = unsafe read(descriptor, &piece, piece.count)
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw .secretFile(path: path, reason: reason()) }
            guard count > 0 else { return trimmed(bytes) }
            bytes += piece[..<count]
        }
        throw .secretFile(path: path, reason: "it is longer than a secret can be")
    }

    private static func trimmed(_ bytes: [UInt8]) -> String {
        func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0d).contains(byte) }
        let end = bytes.lastIndex { !isSpace($0) }.map { $0 + 1 } ?? 0
        return String(decoding: bytes[..<end].drop(while: isSpace), as: UTF8.self)
    }

    private static func reason() -> String { unsafe String(cString: strerror(errno)).lowercased() }
}

extension Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// `<secret>`; nothing for an empty one.
    public var description: String { isEmpty ? "" : "<secret>" }
    /// The same as the description.
    public var debugDescription: String { description }
    /// No parts, so that `dump` shows none.
    public var customMirror: Mirror { Mirror(self, children: []) }
}
