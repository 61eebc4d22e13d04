import CSystem
import Glibc

/// A file that grows at its end and is read anywhere; closed when nobody has it any more.
public struct DataFile: ~Copyable {
    /// Where it is.
    public let path: String
    private let descriptor: Int32

    /// Opens the file at `path`, which is made if `makes` says so; then there must be none yet.
    public init(_ path: String, makes: Bool = false) throws(ProcessError) {
        self.path = path
        let flags = O_RDWR | O_CLOEXEC | (makes ? O_CREAT | O_EXCL : 0)
        descriptor = open(path, flags, 0o600)
        guard descriptor >= 0 else {
            throw .system(call: makes ? "make" : "open", subject: path, code: errno)
        }
    }

    deinit { close(descriptor) }

    /// How many bytes it has.
    public func size() throws(ProcessError) -> Int {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw failure("look at") }
        return Int(status.st_size)
    }

    /// Writes all of `bytes` from byte `offset` on; after a throw some of them may be there.
    public func write(_ bytes: Span<UInt8>, at offset: Int) throws(ProcessError) {
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeBytes {
                pwrite(
                    descriptor, $0.baseAddress.map { $0 + done }, $0.count - done, offset + done)
            }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { throw failure("write") }
            done += count
        }
    }

    /// At most `count` bytes from byte `offset` on; fewer at the end of the file.
    public func read(_ count: Int, at offset: Int) throws(ProcessError) -> [UInt8] {
        var failed = false
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            while filled < count {
                let more = pread(
                    descriptor, buffer.baseAddress.map { $0 + filled }, count - filled,
                    offset + filled)
                if more < 0 && errno == EINTR { continue }
                failed = more < 0
                if more <= 0 { break }
                filled += more
            }
        }
        if failed { throw failure("read") }
        return bytes
    }

    /// Cuts it off behind byte `size`.
    public func cut(to size: Int) throws(ProcessError) {
        guard ftruncate(descriptor, size) == 0 else { throw failure("cut") }
    }

    /// Waits until all that was written is safe on the disk.
    public func sync() throws(ProcessError) {
        guard fdatasync(descriptor) == 0 else { throw failure("sync") }
    }

    private func failure(_ call: String) -> ProcessError {
        .system(call: call, subject: path, code: errno)
    }
}

extension Files {
    /// Waits until the names in a folder are safe on the disk.
    public static func syncFolder(_ path: String) throws(ProcessError) {
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw .system(call: "open", subject: path, code: errno)
        }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else {
            throw .system(call: "sync", subject: path, code: errno)
        }
    }
}
