import CSystem
import Glibc
import Threads

/// The contents of small files that are looked at again at each use: secrets and certificates.
///
/// Reading happens on one thread of its own. A file that was looked at within the last second is
/// not looked at again, so that a thousand targets with one secret cost one look.
final class SecretFiles: Sendable {
    private struct Entry {
        var look: FileLook
        var checkedAt: ContinuousClock.Instant
    }

    private let known = Locked<[String: Entry]>([:])
    private let reader = FileReader()

    /// What `source` says: as it stands there, or the file's contents without white space around.
    func text(of source: SecretSource) async throws(HTTPFetchError) -> String {
        switch source {
        case .text(let secret): return secret.revealed
        case .file(let path):
            return String(decoding: Self.trimmed(try await bytes(of: path)), as: UTF8.self)
        }
    }

    /// The bytes of a PEM.
    func pem(of source: SecretSource) async throws(HTTPFetchError) -> [UInt8] {
        switch source {
        case .text(let secret): Array(secret.revealed.utf8)
        case .file(let path): try await bytes(of: path)
        }
    }

    /// Makes sure that files which belong together, such as a certificate and its key, are looked at
    /// together: one old and one new would not fit.
    func align(_ sources: SecretSource?...) {
        let now = ContinuousClock.now
        let paths = sources.compactMap { source in
            if case .file(let path) = source { path } else { nil }
        }
        known.withLock { known in
            let isOld = paths.contains { path in
                known[path].map { $0.checkedAt + Self.freshTime <= now } ?? true
            }
            guard isOld else { return }
            for path in paths { known[path]?.checkedAt = now - Self.freshTime }
        }
    }

    private static let freshTime = Duration.seconds(1)

    private func bytes(of path: String) async throws(HTTPFetchError) -> [UInt8] {
        let now = ContinuousClock.now
        let entry = known.withLock { $0[path] }
        if let entry, entry.checkedAt + Self.freshTime > now { return entry.look.bytes }
        do {
            let look = try await reader.look(at: path, unlessLike: entry?.look)
            known.withLock { known in
                if known.count > 10_000 { known = [:] }
                known[path] = Entry(look: look, checkedAt: now)
            }
            return look.bytes
        } catch {
            _ = known.withLock { $0.removeValue(forKey: path) }
            throw error
        }
    }

    private static func trimmed(_ bytes: [UInt8]) -> ArraySlice<UInt8> {
        let isBlank = { (byte: UInt8) in byte == 32 || (9...13).contains(byte) }
        guard let first = bytes.firstIndex(where: { !isBlank($0) }),
            let last = bytes.lastIndex(where: { !isBlank($0) })
        else { return [] }
        return bytes[first...last]
    }
}

/// A file's contents, and how to see without reading whether they are still the same.
struct FileLook: Sendable {
    var bytes: [UInt8] = []
    var stamp: [Int] = []
}

/// Reads files, one after another, off the cooperative pool.
private actor FileReader {
    private let thread = ThreadExecutor(name: "weir-secrets")
    nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    func look(at path: String, unlessLike last: FileLook?) throws(HTTPFetchError) -> FileLook {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw failure(path) }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0 else { throw failure(path) }
        guard status.st_mode & S_IFMT != S_IFDIR else {
            throw .unreadableFile(path: path, reason: "it is a folder")
        }
        let stamp = [
            Int(status.st_dev), Int(status.st_ino), Int(status.st_size), status.st_mtim.tv_sec,
            status.st_mtim.tv_nsec, status.st_ctim.tv_sec, status.st_ctim.tv_nsec,
        ]
        if let last, last.stamp == stamp { return last }
        var look = FileLook(stamp: stamp)
        var piece = [UInt8](repeating: 0, count: 16_384)
        while true {
            let count = read(file, &piece, piece.count)
            guard count >= 0 else { throw failure(path) }
            guard count > 0 else { return look }
            look.bytes += piece[..<count]
            guard look.bytes.count <= 1 << 20 else {
                throw .unreadableFile(path: path, reason: "it is over 1 MiB")
            }
        }
    }

    private func failure(_ path: String) -> HTTPFetchError {
        .unreadableFile(path: path, reason: String(cString: strerror(errno)))
    }
}
