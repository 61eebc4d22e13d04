import Glibc
import TestKit
import Testing

struct CommandLineTests {
    @Test(
        arguments: [
            (["version", "--short"], 0, "0.1.0\n", ""),
            (["--version", "--short"], 0, "0.1.0\n", ""),
            (["rnu"], 2, "", "weir: there is no command \"rnu\"; did you mean weir run?\n"),
            (["help", "rum"], 2, "", "weir: there is no command \"rum\"; did you mean run?\n"),
            (
                ["completion", "fish"], 2, "",
                "weir: weir completes for bash and zsh, not for fish\n"
            ),
        ])
    func `a command ends with its code and says its sentence`(
        words: [String], status: Int, output: String, errors: String
    ) async throws {
        let outcome = try await ChildProcess.run([Built.weir] + words)
        #expect(outcome.status == Int32(status))
        #expect(outcome.output == output)
        #expect(outcome.errors == errors)
    }

    @Test func `bash reads the completion and completes commands and flags`() async throws {
        let folder = try TemporaryFolder()
        let script = try await ChildProcess.run([Built.weir, "completion", "bash"]).output
        try folder.write(script, to: "weir.bash")
        func completed(_ words: String) async throws -> String {
            let count = words.split(separator: " ").count - 1
            let line = """
                source \(folder.file("weir.bash")); COMP_WORDS=(\(words)); COMP_CWORD=\(count); \
                _weir; echo "${COMPREPLY[@]}"
                """
            return try await ChildProcess.run(["bash", "-c", line]).output
        }
        #expect(try await completed("weir ver") == "version\n")
        #expect(try await completed("weir run --web.listen") == "--web.listen-address\n")
        #expect(try await completed("weir version --sh") == "--short\n")
    }

    @Test func `zsh reads the completion and completes commands and flags`() async throws {
        let folder = try TemporaryFolder()
        let script = try await ChildProcess.run([Built.weir, "completion", "zsh"]).output
        try folder.write(script, to: "_weir")
        // A terminal of zsh's own, in which the words are typed and the Tab key is pressed.
        try folder.write(
            """
            zmodload zsh/zpty
            zpty -b shell zsh -f -i
            zpty -w shell "PS1=; autoload -U compinit; compinit -u -D; source $1/_weir; print loa''ded"
            zpty -r -m shell ready '*loaded*'
            zpty -n -w shell "weir $2"$'\t'
            zpty -r -m shell typed "*$3*" && print found
            zpty -d shell
            """, to: "type.zsh")
        func types(_ words: String, completedTo whole: String) async throws -> String {
            try await ChildProcess.run(
                ["timeout", "20", "zsh", "-f", folder.file("type.zsh"), folder.path, words, whole]
            ).output
        }
        #expect(try await types("ver", completedTo: "version") == "found\n")
        #expect(
            try await types("run --web.listen", completedTo: "--web.listen-address") == "found\n")
        #expect(try await types("version --sh", completedTo: "--short") == "found\n")
    }

    @Test func `without a command line nothing is started`() async throws {
        let line = "exec -a '' \(Built.weir) version"
        let outcome = try await ChildProcess.run(["bash", "-c", line])
        #expect(outcome.status == 1)
        #expect(outcome.errors == "weir: cannot read its own command line; is /proc mounted?\n")
    }
}
