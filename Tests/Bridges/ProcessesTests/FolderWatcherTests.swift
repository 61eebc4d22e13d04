import Glibc
import Processes
import TestKit
import Testing
import Threads

struct FolderWatcherTests {
    @Test func `writing, moving and removing a file are changes`() async throws {
        let folder = try TemporaryFolder()
        let other = try TemporaryFolder()
        let changes = FolderWatcher.shared.changes(in: [folder.path])
        var events = changes.events.makeAsyncIterator()
        try folder.write("a", to: "a")
        #expect(await events.next() != nil)
        let moved = try other.write("b", to: "b")
        #expect(rename(moved, folder.file("b")) == 0)
        #expect(await events.next() != nil)
        #expect(symlink("b", folder.file("c")) == 0)
        #expect(await events.next() != nil)
        unlink(folder.file("a"))
        #expect(await events.next() != nil)
    }

    @Test func `a file counts when it is closed`() async throws {
        let folder = try TemporaryFolder()
        let seen = Seen()
        let changes = FolderWatcher.shared.changes(in: [folder.path])
        let task = Task { for await _ in changes.events { seen.add() } }
        let descriptor = open(folder.file("half"), O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        for _ in 0..<100 { _ = write(descriptor, "x", 1) }
        // What comes after it has been seen only once what came before it has.
        #expect(mkdir(folder.file("mark"), 0o700) == 0)
        #expect(try await eventually { seen.count == 1 })
        close(descriptor)
        #expect(try await eventually { seen.count == 2 })
        task.cancel()
    }

    @Test func `a folder that comes later, or comes back, is watched once renewed`() async throws {
        let folder = try TemporaryFolder()
        let path = folder.file("later")
        let changes = FolderWatcher.shared.changes(in: [path])
        let seen = Seen()
        let task = Task { for await _ in changes.events { seen.add() } }
        for _ in 0..<2 {
            #expect(mkdir(path, 0o700) == 0)
            let before = seen.count
            // The kernel says a little later that a folder is gone and watched no longer.
            #expect(
                try await eventually {
                    changes.renew()
                    try folder.write("x", to: "later/x")
                    return seen.count > before
                })
            unlink(path + "/x")
            #expect(rmdir(path) == 0)
        }
        task.cancel()
    }

    @Test func `two watchers of one folder both hear, and one that goes leaves the other`()
        async throws
    {
        let folder = try TemporaryFolder()
        let first = FolderWatcher.shared.changes(in: [folder.path])
        var one = first.events.makeAsyncIterator()
        do {
            var two = FolderWatcher.shared.changes(in: [folder.path]).events.makeAsyncIterator()
            try folder.write("a", to: "a")
            #expect(await one.next() != nil)
            #expect(await two.next() != nil)
        }
        try folder.write("b", to: "b")
        #expect(await one.next() != nil)
    }
}

/// Counts from any task.
private final class Seen: Sendable {
    private let total = Locked(0)
    var count: Int { total.withLock { $0 } }
    func add() { total.withLock { $0 += 1 } }
}
