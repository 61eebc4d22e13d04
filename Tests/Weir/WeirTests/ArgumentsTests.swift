import Testing

@testable import Weir

struct ArgumentsTests {
    private static let check = Command(
        "check config", "Checks.", operands: "FILE…", operandCount: 1...9,
        flags: [.toggle("syntax-only", "Only."), Flag("lint", .text, "WHAT", "Lints.")]
    ) { _ in .success }
    private static let run = Command(
        "run", "Runs.",
        flags: [
            Flag("listen", .text, "ADDRESS", standard: "x:1", isRepeatable: true, "Where."),
            Flag("wait", .duration, "TIME", standard: "5m", "How long."),
            Flag("limit", .number, "N", "How many."),
            Flag("size", .size, "SIZE", "How large."),
            .toggle("drain", standard: "true", "Drain."),
            Flag("level", .choice(["debug", "info"]), standard: "info", "How much."),
        ]
    ) { _ in .success }
    private let arguments = Arguments(commands: [run, check], fallback: run)

    private func invocation(_ words: String...) throws -> Invocation {
        guard case .run(let invocation) = try arguments.read(words) else {
            throw UsageError("not a call")
        }
        return invocation
    }

    @Test func `without a command it is the fallback`() throws {
        #expect(try invocation().command.name == "run")
        #expect(try invocation("--listen=a").command.name == "run")
    }

    @Test func `a value follows an equals sign or stands in the next word`() throws {
        let call = try invocation("run", "--listen=a=b", "--listen", "c", "-wait", "1m")
        #expect(call.all("listen") == ["a=b", "c"])
        #expect(call.text("wait") == "1m")
        #expect(call.text("level") == "info")
        #expect(call.isGiven("listen") && !call.isGiven("level"))
    }

    @Test func `a toggle is on when named, off with no-, and takes true or false`() throws {
        #expect(try invocation().isOn("drain"))
        #expect(try !invocation("--no-drain").isOn("drain"))
        #expect(try !invocation("--drain=false").isOn("drain"))
        #expect(try invocation("--no-drain", "--drain").isOn("drain"))
    }

    @Test func `what is no flag is an operand, and all is behind two dashes`() throws {
        let call = try invocation("check", "config", "a.yml", "--syntax-only", "-", "--", "--b")
        #expect(call.command.name == "check config")
        #expect(call.operands == ["a.yml", "-", "--b"])
    }

    @Test func `help is found anywhere`() throws {
        for words in [
            ["-h"], ["--help"], ["run", "--listen", "a", "-h"], ["check", "config", "-h"],
        ] {
            guard case .help = try arguments.read(words) else {
                Issue.record("no help for \(words)")
                continue
            }
        }
    }

    @Test(
        arguments: [
            (["rnu"], "there is no command \"rnu\"; did you mean weir run?"),
            (["xyzzy"], "there is no command \"xyzzy\"; weir help lists the commands"),
            (["check"], "weir check needs one more word: check config"),
            (
                ["check", "confg", "a"],
                "there is no command \"check confg\"; did you mean weir check config?"
            ),
            (
                ["check", "config"],
                "weir check config takes FILE… beside its flags, and was given nothing"
            ),
            (["run", "extra"], "weir run takes nothing beside its flags, and was given extra"),
            (["--lissten=1"], "weir run has no flag --lissten; did you mean --listen?"),
            (["--what"], "weir run has no flag --what; weir help run lists its flags"),
            (["--listen"], "--listen needs a value: --listen=ADDRESS"),
            (
                ["--wait=5"],
                "--wait=5: \"5\" is not a duration; write whole numbers with units, such as 30s or "
                    + "1h30m"
            ),
            (["--limit", "1.5"], "--limit=1.5: expects a whole number"),
            (
                ["--size=1XB"],
                "--size=1XB: \"1XB\" is not a size; write a number with a unit, such as 512MB or "
                    + "1GB"
            ),
            (
                ["--level=inf"],
                "--level=inf: expects one of debug, info; did you mean info?"
            ),
            (["--drain=yes"], "--drain=yes: expects true or false"),
        ])
    func `a mistake gets a sentence`(words: [String], sentence: String) {
        #expect {
            try arguments.read(words)
        } throws: {
            "\($0)" == sentence
        }
    }
}
