import Glibc

/// A small file that Access reads: a secret, a certificate, a configuration.
enum SecretFile {
    // Larger than any of them; a path that leads to something else is told so.
    private static let limitBytes = 4 << 20

    /// The text of the file at `path`.
    static func text(_ path: String) throws(AccessError) -> String {
        let file = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw .file(path: path, reason: reason()) }
        defer { close(file) }
        var text: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = unsafe Glibc.read(file, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw .file(path: path, reason: reason()) }
            guard count > 0 else { break }
            text += chunk[..<count]
            guard text.count <= limitBytes else {
                throw .file(path: path, reason: "it has more than \(limitBytes >> 20) MB")
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// The secret in the file at `path`, without the line ends that editors put behind it.
    static func secret(_ path: String) throws(AccessError) -> String {
        let text = try text(path)
        let end = text.utf8.lastIndex { $0 != 0x0a && $0 != 0x0d }
        guard let end else { throw .file(path: path, reason: "it is empty") }
        return String(Substring(text.utf8[...end]))
    }

    private static func reason() -> String { unsafe String(cString: strerror(errno)) }
}

/// What tells one state of a file from another without reading it.
struct FileStamp: Sendable, Hashable {
    private let inode: UInt64
    private let size: Int64
    private let seconds: Int64
    private let nanoseconds: Int64

    /// The state of the file at `path`, links followed; `nil` where there is none.
    init?(_ path: String) {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else { return nil }
        inode = UInt64(status.st_ino)
        size = Int64(status.st_size)
        seconds = Int64(status.st_mtim.tv_sec)
        nanoseconds = Int64(status.st_mtim.tv_nsec)
    }
}

/// The states of several files, to see whether any has changed.
struct FileStamps: Sendable, Hashable {
    private let stamps: [String: FileStamp?]

    /// The states of `paths` now.
    init(_ paths: [String]) {
        stamps = Dictionary(paths.map { ($0, FileStamp($0)) }) { first, _ in first }
    }

    /// These and `others`.
    func joined(with others: FileStamps) -> FileStamps {
        FileStamps(stamps: stamps.merging(others.stamps) { first, _ in first })
    }

    private init(stamps: [String: FileStamp?]) { self.stamps = stamps }
}
