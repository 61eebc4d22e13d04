import TestKit
import Testing

/// What `make install` and `make deb` lay out, tried with the program that the tests were built with.
struct PackageTests {
    @Test func `installing copies four files, and uninstalling takes them away`() async throws {
        let folder = try TemporaryFolder("install")
        let words = [Built.weir, folder.path, "/usr/local"]
        let install = try await script("install", ["install"] + words)
        #expect(install.status == 0, "\(install.errors)")
        let files = try await ChildProcess.run(["find", folder.path, "-type", "f"]).output
        #expect(
            Set(files.split(separator: "\n").map { String($0.dropFirst(folder.path.count)) }) == [
                "/usr/local/bin/weir",
                "/usr/local/share/bash-completion/completions/weir",
                "/usr/local/share/man/man1/weir.1",
                "/usr/local/share/zsh/site-functions/_weir",
            ])
        let uninstall = try await script("install", ["uninstall"] + words)
        #expect(uninstall.status == 0, "\(uninstall.errors)")
        #expect(try await ChildProcess.run(["find", folder.path, "-type", "f"]).output.isEmpty)
    }

    @Test func `the manual page names every command`() async throws {
        let page = try await script("manual", [Built.weir]).output
        #expect(page.contains(".SS \"weir run\"\n.nf\nusage: weir run"))
        #expect(page.contains(".SS \"weir completion\"\n"))
        #expect(page.contains("\\-\\-config.file=FILE"))
    }

    @Test func `a package is installed, upgraded, removed and purged`() async throws {
        let folder = try TemporaryFolder("package")
        let packed = try await script("deb", [Built.weir, folder.path])
        #expect(packed.status == 0, "\(packed.errors)")
        let package = packed.output.trimmedLine

        let depends = try await ChildProcess.run(["dpkg-deb", "--field", package, "Depends"]).output
        for library in ["libc6 (>= ", "libmicrohttpd12", "libpq5", "ca-certificates"] {
            #expect(depends.contains(library), "\(depends)")
        }
        let files = try await ChildProcess.run(["dpkg-deb", "--contents", package]).output
        for file in [
            "-rwxr-xr-x root/root", "./usr/bin/weir\n", "./etc/weir/prometheus.yml\n",
            "./etc/weir/weir.yml\n", "./lib/systemd/system/weir.service\n",
            "./usr/share/man/man1/weir.1.gz\n",
        ] { #expect(files.contains(file), "\(file)") }

        let trial = try await script("try-package", [package])
        guard trial.status != 9 else {
            print("the package was packed, but not installed: \(trial.errors.trimmedLine)")
            return
        }
        #expect(trial.status == 0, "\(trial.output)\(trial.errors)")
        for line in [
            "data folder: weir 700", "settings: weir 640", "version: 0.1.0", "unit: well",
            "kept after an upgrade: changed: by hand",
            "after removal: program no, settings yes, data yes",
            "after purge: settings no, data no, user no",
        ] { #expect(trial.output.contains(line + "\n"), "\(line)\n\(trial.output)") }
        // systemd's own mark for the unit: 0 is locked up, 10 is open; below 2 is called OK.
        let exposure = trial.output.firstMatch(of: #/exposure: ([0-9.]+) /#)
        #expect(Double(exposure?.1 ?? "10") ?? 10 < 2)
    }

    private func script(_ name: String, _ words: [String]) async throws -> ChildProcess.Outcome {
        try await ChildProcess.run(
            ["\(Shared.project)/scripts/\(name)"] + words, environment: ["LEVEL": "0"])
    }
}

extension String {
    /// Without the end of its last line.
    fileprivate var trimmedLine: String { hasSuffix("\n") ? String(dropLast()) : self }
}
