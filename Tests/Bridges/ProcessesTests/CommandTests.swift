import Glibc
import Processes
import TestKit
import Testing

struct CommandTests {
    @Test func `a program's words and its exit code come back`() async throws {
        let (status, output) = try await Command(
            "/bin/sh", ["-c", "echo out; echo err >&2; exit 3"]
        )
        .run(limit: .seconds(20))
        #expect(status == .code(3))
        #expect(output == "out\nerr\n")
    }

    @Test func `a program that is not there is an error with its path`() async {
        await #expect(throws: ProcessError.system(call: "start", subject: "/no/such", code: ENOENT))
        {
            _ = try await Command("/no/such", []).run(limit: .seconds(20))
        }
    }

    @Test func `a program that takes too long is killed`() async throws {
        await #expect(
            throws: ProcessError.tookTooLong(program: "/bin/sleep", limit: .milliseconds(50))
        ) {
            _ = try await Command("/bin/sleep", ["60"]).run(limit: .milliseconds(50))
        }
    }

    @Test func `a signal's death is told as such`() async throws {
        let process = try Command("/bin/sleep", ["60"]).start()
        #expect(process.status == nil)
        process.signal(.kill)
        #expect(await process.wait() == .signal(SIGKILL))
        #expect(process.status == .signal(SIGKILL))
    }

    @Test func `somebody else's process can be watched too`() async throws {
        let process = try Command("/bin/sleep", ["60"]).start()
        let same = try #require(RunningProcess(pid: process.pid))
        #expect(await same.wait(for: .milliseconds(10)) == nil)
        process.signal(.terminate)
        #expect(await same.wait() == .unknown)
        #expect(RunningProcess(pid: Int32.max) == nil)
    }

    @Test func `environment and folder are as told`() async throws {
        var command = Command("/bin/sh", ["-c", "echo $WEIR_WORD; pwd"], folder: "/")
        command.environment = ["WEIR_WORD=here"]
        #expect(try await command.run(limit: .seconds(20)).output == "here\n/\n")
    }

    @Test(.enabled(if: UserIdentity.current.isRoot, "only root may choose a user"))
    func `root starts a program as somebody else, groups and all`() async throws {
        let nobody = try UserIdentity(named: "nobody")
        let (_, output) = try await Command("/usr/bin/id", ["-G"], folder: "/", user: nobody)
            .run(limit: .seconds(20))
        #expect(output == "\(nobody.group)\n")
    }

    @Test func `an unknown user is refused with what to do`() {
        let error = #expect(throws: ProcessError.self) { try UserIdentity(named: "nemo-x") }
        #expect(
            error?.description
                == "there is no user nemo-x on this machine; create it with: useradd --system nemo-x"
        )
    }
}
