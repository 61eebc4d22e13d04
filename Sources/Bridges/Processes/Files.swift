import CSystem
import Glibc

/// The few things that a program has to do with files which it shares with others.
public enum Files {
    /// What lies at a path.
    public enum Kind: Sendable { case nothing, folder, other }

    /// What lies at `path`, links followed.
    public static func kind(of path: String) -> Kind {
        var status = stat()
        guard stat(path, &status) == 0 else { return .nothing }
        return status.st_mode & S_IFMT == S_IFDIR ? .folder : .other
    }

    /// Whether this process may run the program at `path`.
    public static func isProgram(_ path: String) -> Bool {
        kind(of: path) == .other && access(path, X_OK) == 0
    }

    /// The user that owns `path`, or `nil` if there is nothing or nobody.
    public static func owner(of path: String) -> UserIdentity? {
        var status = stat()
        return stat(path, &status) == 0 ? UserIdentity(number: status.st_uid) : nil
    }

    /// The whole text of a file; `nil` if it cannot be read.
    public static func read(_ path: String) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 16384)
        while true {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count < 0 && errno == EINTR { continue }
            if count < 0 { return nil }
            if count == 0 { return String(decoding: bytes, as: UTF8.self) }
            bytes += buffer[..<count]
        }
    }

    /// Puts a file with this text in place of what is there, whole or not at all.
    public static func write(
        _ text: String, to path: String, mode: UInt32 = 0o600, owner: UserIdentity? = nil
    ) throws(ProcessError) {
        let draft = path + ".new"
        let descriptor = open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw failure("open", draft) }
        defer { close(descriptor) }
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { throw failure("write", draft) }
            bytes = bytes.dropFirst(count)
        }
        if let owner, fchown(descriptor, owner.user, owner.group) != 0 {
            throw failure("give away", draft)
        }
        guard fsync(descriptor) == 0 else { throw failure("sync", draft) }
        try move(draft, to: path)
    }

    /// Makes a folder unless it is there, with this mode and owner.
    public static func makeFolder(
        _ path: String, mode: UInt32 = 0o700, owner: UserIdentity? = nil
    ) throws(ProcessError) {
        if mkdir(path, mode) != 0 {
            guard errno == EEXIST, kind(of: path) == .folder else { throw failure("make", path) }
            return
        }
        if let owner, chown(path, owner.user, owner.group) != 0 {
            throw failure("give away", path)
        }
    }

    /// The names in a folder, sorted; none if it cannot be read.
    public static func names(in folder: String) -> [String] {
        guard let stream = opendir(folder) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// Gives `path` a new name.
    public static func move(_ path: String, to target: String) throws(ProcessError) {
        guard rename(path, target) == 0 else { throw failure("rename", path) }
    }

    /// Waits until all that was written to the disk under `path` is safe there.
    public static func syncDisk(under path: String) throws(ProcessError) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure("open", path) }
        defer { close(descriptor) }
        guard syncfs(descriptor) == 0 else { throw failure("sync", path) }
    }

    /// Removes a file, or nothing if there is none.
    public static func remove(_ path: String) { unlink(path) }

    /// Removes a folder and all in it, without following links.
    public static func removeTree(_ path: String) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return }
        if status.st_mode & S_IFMT == S_IFDIR {
            for name in names(in: path) { removeTree(path + "/" + name) }
            rmdir(path)
        } else {
            unlink(path)
        }
    }

    /// Where a symbolic link leads, or `nil` if it is none or may not be read.
    public static func destination(of link: String) -> String? {
        var buffer = [CChar](repeating: 0, count: 4096)
        let count = readlink(link, &buffer, buffer.count)
        if count < 0 { return nil }
        return String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// The path without links and dots, or as it was if there is nothing there.
    public static func canonical(_ path: String) -> String {
        guard let resolved = realpath(path, nil) else { return path }
        defer { free(resolved) }
        return String(cString: resolved)
    }

    /// The path from the root of the tree, whether there is something or not.
    public static func absolute(_ path: String) -> String {
        var whole = path
        if !path.hasPrefix("/"), let here = getcwd(nil, 0) {
            whole = String(cString: here) + "/" + path
            free(here)
        }
        return "/" + whole.split(separator: "/").filter { $0 != "." }.joined(separator: "/")
    }

    /// The folder that `path` is in.
    public static func parent(of path: String) -> String {
        "/" + path.split(separator: "/").dropLast().joined(separator: "/")
    }

    /// How many bytes the disk under `path` has left for ordinary users, if it tells.
    public static func freeBytes(at path: String) -> Int? {
        var status = statvfs()
        guard statvfs(path, &status) == 0 else { return nil }
        return Int(clamping: UInt64(status.f_bavail) * UInt64(status.f_frsize))
    }

    /// The machine's memory in bytes, or what its control group allows if that is less.
    public static var memoryBytes: Int {
        let physical = sysconf(Int32(_SC_PHYS_PAGES)) * sysconf(Int32(_SC_PAGESIZE))
        let limit = read("/sys/fs/cgroup/memory.max").flatMap { text in
            Int(text.filter { !$0.isWhitespace })
        }
        return min(physical, limit ?? physical)
    }

    private static func failure(_ call: String, _ path: String) -> ProcessError {
        .system(call: call, subject: path, code: errno)
    }
}

/// A file that one process at a time holds; the kernel lets go when the process ends.
public final class FileLock: Sendable {
    private let descriptor: Int32

    /// Takes the lock and writes this process's number into the file.
    ///
    /// - Returns: `nil` if another process holds it.
    public init?(_ path: String) throws(ProcessError) {
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw .system(call: "open", subject: path, code: errno)
        }
        // Of the open file, not of the process: a second lock in one process is refused as well.
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            return nil
        }
        let text = "\(getpid())\n"
        // The number only makes a message better; the lock holds without it.
        if ftruncate(descriptor, 0) == 0 { _ = Glibc.write(descriptor, text, text.utf8.count) }
    }

    deinit {
        guard descriptor >= 0 else { return }
        // Closing alone leaves the lock to a child that is just being started and has not yet let
        // go of what it inherits.
        flock(descriptor, LOCK_UN)
        close(descriptor)
    }

    /// The number that the holder wrote, if one did.
    public static func holder(of path: String) -> Int? {
        Files.read(path).flatMap { text in Int(text.filter { !$0.isWhitespace }) }
    }
}
