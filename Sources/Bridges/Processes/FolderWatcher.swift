import CSystem
import Glibc
import Threads

// Safe to share: the descriptor never changes, the kernel guards it, and all else is behind a lock.
/// Says when files in folders have been written, moved or removed, by inotify.
///
/// One watcher serves the process, since Linux grants a user few of them.
public final class FolderWatcher: @unchecked Sendable {
    /// The watcher of the process.
    public static let shared = FolderWatcher()

    private struct State {
        var watches: [String: Int32] = [:]
        var folders: [Int32: Set<String>] = [:]
        var watchers: [Int: (folders: Set<String>, signal: AsyncStream<Void>.Continuation)] = [:]
        var lastID = 0
        var isRunning = false
    }

    private let descriptor: Int32
    private let state = Locked(State())

    private static let events = UInt32(
        IN_CREATE | IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_DELETE_SELF
            | IN_MOVE_SELF | IN_ONLYDIR)

    private init() { descriptor = inotify_init1(Int32(IN_CLOEXEC)) }

    /// One element after each change of a file directly in one of `folders`; changes that nobody has
    /// looked at yet are one.
    ///
    /// A file that is being written counts once it is closed, so that nobody reads half of it. A
    /// folder that is not there is watched from the next `renew` on that finds it.
    public func changes(in folders: Set<String>) -> FolderChanges {
        let (stream, signal) = AsyncStream.makeStream(
            of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let (id, isFirst) = state.withLock { state in
            state.lastID += 1
            state.watchers[state.lastID] = (folders, signal)
            defer { state.isRunning = true }
            return (state.lastID, !state.isRunning)
        }
        signal.onTermination = { [weak self] _ in self?.forget(id) }
        if isFirst { WorkerThread.detached(name: "weir-inotify") { self.run() } }
        renew(folders)
        return FolderChanges(events: stream, folders: folders, watcher: self)
    }

    /// Watches those of `folders` that are not watched, now that they may be there.
    func renew(_ folders: Set<String>) {
        state.withLock { state in
            for folder in folders where state.watches[folder] == nil {
                let watch = inotify_add_watch(descriptor, folder, Self.events)
                guard watch >= 0 else { continue }
                state.watches[folder] = watch
                state.folders[watch, default: []].insert(folder)
            }
        }
    }

    private func forget(_ id: Int) {
        state.withLock { state in
            guard let gone = state.watchers.removeValue(forKey: id) else { return }
            let wanted = state.watchers.values.reduce(into: Set<String>()) {
                $0.formUnion($1.folders)
            }
            for folder in gone.folders.subtracting(wanted) {
                guard let watch = state.watches.removeValue(forKey: folder) else { continue }
                state.folders[watch]?.remove(folder)
                if state.folders[watch]?.isEmpty == true {
                    state.folders[watch] = nil
                    inotify_rm_watch(descriptor, watch)
                }
            }
        }
    }

    private func run() {
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = read(descriptor, &buffer, buffer.count)
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { return }
            var at = 0
            while at + MemoryLayout<inotify_event>.size <= count {
                let event = buffer.withUnsafeBytes {
                    $0.loadUnaligned(fromByteOffset: at, as: inotify_event.self)
                }
                let start = at + MemoryLayout<inotify_event>.size
                let name = buffer[start..<(start + Int(event.len))].prefix { $0 != 0 }
                take(event, name: String(decoding: name, as: UTF8.self))
                at = start + Int(event.len)
            }
        }
    }

    private func take(_ event: inotify_event, name: String) {
        let mask = event.mask
        let signals: [AsyncStream<Void>.Continuation] = state.withLock { state in
            let isAll = mask & UInt32(IN_Q_OVERFLOW) != 0
            let folders = state.folders[event.wd] ?? []
            if mask & UInt32(IN_CREATE) != 0, !folders.contains(where: { isWhole("\($0)/\(name)") })
            {
                return []
            }
            if mask & UInt32(IN_IGNORED) != 0 {
                state.folders[event.wd] = nil
                for folder in folders { state.watches[folder] = nil }
            } else if mask & UInt32(IN_MOVE_SELF) != 0 {
                // What the path names now is another folder, or none.
                inotify_rm_watch(descriptor, event.wd)
            }
            return state.watchers.values
                .filter { isAll || !$0.folders.isDisjoint(with: folders) }.map(\.signal)
        }
        for signal in signals { signal.yield() }
    }

    /// Whether what has just appeared has all its bytes: a link, or another name of a file.
    ///
    /// A file that was opened to be written is told again when it is closed.
    private func isWhole(_ path: String) -> Bool {
        var status = stat()
        guard lstat(path, &status) == 0 else { return true }
        return status.st_mode & S_IFMT != S_IFREG || status.st_nlink > 1
    }
}

/// The changes of some folders, as long as the value is kept.
public struct FolderChanges: Sendable {
    /// One element after each change; for one reader.
    public let events: AsyncStream<Void>
    let folders: Set<String>
    let watcher: FolderWatcher

    /// Watches those folders that were not there before, or have come back.
    public func renew() { watcher.renew(folders) }
}
