import Glibc
import TestKit
import Testing

/// scripts/setup on machines that are made of a few stubs in a folder, its only search path.
struct SetupTests {
    @Test func `nothing missing is nothing said`() async throws {
        let outcome = try await setUp(Machine())
        #expect(outcome.status == 0)
        #expect(outcome.errors.isEmpty)
    }

    @Test(
        arguments: [
            (
                Machine(swift: nil),
                "setup: Swift 6.2 or newer is not here; "
                    + "https://www.swift.org/install/linux has it for Debian 12\n"
            ),
            (
                Machine(swift: "6.1"),
                "setup: Swift 6.1 is too old, Weir needs 6.2 or newer: "
                    + "https://www.swift.org/install/linux\n"
            ),
            (
                Machine(missing: "libyaml-dev", hasApt: false),
                "setup: apt-get is not here; install these in your system's way: libyaml-dev\n"
            ),
            (
                Machine(missing: "libyaml-dev", hasSudo: false),
                "setup: you are not root and sudo is not here; as root: "
                    + "apt-get install libyaml-dev\n"
            ),
            (
                Machine(missing: "libyaml-dev", sudo: "exit 1"),
                "setup: sudo did not let you; as root: apt-get install libyaml-dev\n"
            ),
            (
                Machine(missing: "libyaml-dev", sudo: #"case "$*" in *install*) exit 100; esac"#),
                "setup: installing libyaml-dev\nsetup: apt-get could not install libyaml-dev\n"
            ),
        ])
    func `what cannot be done is said in a sentence`(
        machine: Machine, sentence: String
    ) async throws {
        let outcome = try await setUp(machine)
        #expect(outcome.status == 1)
        #expect(outcome.errors == sentence)
    }

    @Test func `a newer Swift is enough`() async throws {
        for version in ["6.2", "6.10", "7.0"] {
            #expect(try await setUp(Machine(swift: version)).status == 0)
        }
    }

    @Test func `what is missing is installed, and no service starts meanwhile`() async throws {
        let folder = try TemporaryFolder("setup")
        let note = folder.file("note")
        let machine = Machine(missing: "nginx-light", sudo: "echo \"$@\" >>\(note)")
        let outcome = try await setUp(machine, "test", in: folder)
        #expect(outcome.status == 0, "\(outcome.errors)")
        let steps = try await ChildProcess.run(["cat", note]).output.split(separator: "\n")
        let install = steps.firstIndex { $0.contains("apt-get") && $0.hasSuffix(" nginx-light") }
        let clusters = steps.firstIndex { $0.hasPrefix("tee /etc/postgresql-common/") }
        #expect(clusters ?? .max < install ?? -1, "\(steps)")
        #expect(steps.last?.hasPrefix("rm -f ") == true)
    }

    private func setUp(
        _ machine: Machine, _ purpose: String = "build", in folder: TemporaryFolder? = nil
    ) async throws -> ChildProcess.Outcome {
        let folder = try folder ?? TemporaryFolder("setup")
        try await machine.build(in: folder)
        return try await ChildProcess.run(
            ["/bin/bash", "\(Shared.project)/scripts/setup", purpose],
            environment: ["PATH": folder.path + "/bin", "SWIFT": "swift"])
    }
}

/// What is on a machine.
struct Machine: Sendable {
    /// The version of Swift, or `nil` for none.
    var swift: String? = "6.3"
    /// The one package that is missing, or none.
    var missing = ""
    var hasApt = true
    var hasSudo = true
    /// What `sudo` does, instead of what it is told.
    var sudo = "true"

    /// Writes its programs into the folder's `bin`.
    func build(in folder: TemporaryFolder) async throws {
        mkdir(folder.file("bin"), 0o755)
        // The tools that every Debian has, and nothing else.
        for tool in ["grep", "mktemp", "rm", "sed", "sort", "tail", "cat", "env", "setpriv"] {
            symlink("/usr/bin/\(tool)", folder.file("bin/\(tool)"))
        }
        var programs = [
            "id": "echo 1000",
            "dpkg-query": #"""
            case "$*" in
            *" \#(missing.isEmpty ? "none" : missing)") exit 1 ;;
            *Status*) printf 'install ok installed' ;;
            esac
            """#,
            "dpkg": "true",
        ]
        if let swift { programs["swift"] = "echo 'Swift version \(swift).1 (swift-RELEASE)'" }
        if hasApt { programs["apt-get"] = "exit 99" }
        if hasSudo { programs["sudo"] = sudo }
        for (name, text) in programs {
            chmod(try folder.write("#!/bin/sh\n\(text)\n", to: "bin/\(name)"), 0o755)
        }
    }
}
