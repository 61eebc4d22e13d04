import Glibc
import Processes
import TestKit
import Testing

struct FilesTests {
    @Test func `a file is replaced whole, with its mode`() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("a")
        try Files.write("one", to: path)
        try Files.write("two", to: path, mode: 0o640)
        #expect(Files.read(path) == "two")
        #expect(Files.names(in: folder.path) == ["a"])
        var status = stat()
        #expect(stat(path, &status) == 0 && status.st_mode & 0o777 == 0o640)
    }

    @Test func `a tree is removed without following its links`() throws {
        let folder = try TemporaryFolder()
        try Files.makeFolder(folder.file("tree"))
        try Files.makeFolder(folder.file("kept"))
        try Files.write("", to: folder.file("kept/file"))
        symlink(folder.file("kept"), folder.file("tree/link"))
        Files.removeTree(folder.file("tree"))
        #expect(Files.kind(of: folder.file("tree")) == .nothing)
        #expect(Files.kind(of: folder.file("kept/file")) == .other)
    }

    @Test(
        arguments: [
            ("/a/./b//c/", "/a/b/c", "/a/b"), ("/", "/", "/"), ("/a", "/a", "/"),
        ])
    func `a path is made absolute, and has a parent`(path: String, whole: String, parent: String) {
        #expect(Files.absolute(path) == whole)
        #expect(Files.parent(of: whole) == parent)
    }

    @Test func `a relative path begins where the process is`() {
        let here = getcwd(nil, 0)
        defer { free(here) }
        #expect(Files.absolute("x") == here.map { String(cString: $0) + "/x" })
    }

    @Test func `a lock is held by one, and let go with its value`() throws {
        let folder = try TemporaryFolder()
        var first = try FileLock(folder.file("lock"))
        #expect(first != nil)
        #expect(try FileLock(folder.file("lock")) == nil)
        #expect(FileLock.holder(of: folder.file("lock")) == Int(getpid()))
        first = nil
        #expect(try FileLock(folder.file("lock")) != nil)
    }

    @Test func `a folder that cannot be made is an error with its path`() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("no/such")
        #expect(throws: ProcessError.system(call: "make", subject: path, code: ENOENT)) {
            try Files.makeFolder(path)
        }
    }
}
