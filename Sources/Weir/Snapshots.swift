import Glibc
import Model
import Postgres
import Storage
import Threads

/// Snapshots of all that is kept: each one a folder below `snapshots` in the data folder, with the
/// samples as OpenMetrics, which `weir backfill openmetrics` takes in again.
///
/// A snapshot has what was said up to the moment when it was asked for: what comes in meanwhile is
/// not in it, and it appears under its name when it is whole.
struct Snapshots: Sendable {
    let folder: String
    let store: Store
    let pool: PostgresPool

    /// Makes one and says its name; `skipHead` leaves out what is in memory alone.
    func make(skipHead: Bool) async throws -> String {
        let now = WallClock.now
        if !skipHead { try await store.settle() }
        let name = Self.name(at: now)
        let file = try SnapshotFile(folder: folder, name: name)
        do {
            try await write(to: file, through: now)
            try await file.finish()
        } catch {
            await file.abandon()
            throw error
        }
        return name
    }

    private func write(to file: SnapshotFile, through now: Timestamp) async throws {
        var export = Export(pool: pool, matching: [[]], in: .distantPast...now)
        try await export.begin()
        var writer = SampleWriter(
            format: .openmetrics, dropsStale: false, metadata: export.metadata)
        writer.begin()
        while let page = try await export.next() {
            for one in page {
                writer.write(one)
                if writer.bytes.count > 1 << 20 { try await file.append(writer.take()) }
            }
        }
        writer.finish()
        try await file.append(writer.take())
    }

    /// `20260102T150405Z-` and sixteen digits that no other has.
    static func name(at time: Timestamp) -> String {
        let instant = String(time.description.prefix(19).filter { $0 != "-" && $0 != ":" })
        let digits = String(UInt64.random(in: 0 ... .max), radix: 16)
        return "\(instant)Z-" + String(repeating: "0", count: 16 - digits.count) + digits
    }
}

/// A snapshot while it is written, on a thread of its own.
private actor SnapshotFile {
    private let thread = ThreadExecutor(name: "weir-snapshot")
    nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe thread.asUnownedSerialExecutor()
    }

    private let place: String
    private let draft: String
    private let descriptor: Int32

    init(folder: String, name: String) throws {
        place = "\(folder)/\(name)"
        draft = "\(folder)/.\(name)"
        for path in [folder, draft] where unsafe mkdir(path, 0o700) != 0 && errno != EEXIST {
            throw SnapshotFailure(path)
        }
        descriptor = unsafe open(
            draft + "/samples.om", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw SnapshotFailure(draft + "/samples.om") }
    }

    func append(_ bytes: [UInt8]) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes {
                unsafe write(descriptor, $0.baseAddress, $0.count)
            }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { throw SnapshotFailure(draft + "/samples.om") }
            rest = rest.dropFirst(count)
        }
    }

    /// Gives it its name.
    func finish() throws {
        let isSafe = fsync(descriptor) == 0
        close(descriptor)
        guard isSafe, unsafe rename(draft, place) == 0 else { throw SnapshotFailure(place) }
    }

    func abandon() {
        close(descriptor)
        _ = unsafe unlink(draft + "/samples.om")
        _ = unsafe rmdir(draft)
    }
}

/// A file of a snapshot that cannot be written.
private struct SnapshotFailure: Error, CustomStringConvertible {
    let description: String

    init(_ path: String) {
        description = "cannot write \(path): \(unsafe String(cString: strerror(errno)))"
    }
}
