import Glibc
import TestKit
import Testing
import YAML

struct CheckConfigTests {
    private let folder: TemporaryFolder
    init() throws { folder = try TemporaryFolder("check") }

    private func check(_ words: String...) async throws -> ChildProcess.Outcome {
        try await ChildProcess.run([Built.weir, "check", "config"] + words)
    }

    @Test func `a good file exits with 0, and says what has no effect yet`() async throws {
        let path = try folder.write(
            "rule_files: [a.yml]\nscrape_configs: [{job_name: a}]\n", to: "prometheus.yml")
        try folder.write("groups: []\n", to: "a.yml")
        let outcome = try await check(path)
        #expect(outcome.status == 0)
        #expect(outcome.output == "\(path): valid, 1 job\n")
        #expect(
            outcome.errors == """
                warning: \(path):1:1: rule_files: read and checked, but this version of Weir \
                does not evaluate rules yet
                  rule_files: [a.yml]
                  ^

                """)
    }

    @Test func `everything that is wrong is said in one run, with line and caret`() async throws {
        let path = try folder.write(
            """
            scrape_configs:
              - job_name: a
                metrics_paht: /x
                basic_auth: {username: u, password: hush, password_file: f}
                scheme: htps

            """, to: "prometheus.yml")
        let outcome = try await check("--syntax-only", path)
        #expect(outcome.status == 1)
        #expect(outcome.output.isEmpty)
        #expect(
            outcome.errors.contains(
                """
                error: \(path):3:5: scrape_config has no field "metrics_paht"; did you mean \
                "metrics_path"?
                      metrics_paht: /x
                      ^

                """))
        #expect(
            outcome.errors.contains(
                "error: \(path):4:47: password and password_file stand together in basic_auth"))
        #expect(
            outcome.errors.contains(
                "warning: \(path):5:13: scheme is neither http nor https; correct it"))
        #expect(!outcome.errors.contains("hush"))
    }

    @Test func `only lints exit with 3, and only where they are fatal`() async throws {
        let path = try folder.write(
            "scrape_configs: [{job_name: a, scrape_interval: 10m}]\n", to: "prometheus.yml")
        let lint = "\(path): lint: job a is scraped every 10m"
        for (words, status) in [(["--lint=all"], 0), (["--lint=all", "--lint-fatal"], 3)] {
            let outcome = try await ChildProcess.run(
                [Built.weir, "check", "config"] + words + [path])
            #expect(outcome.status == Int32(status))
            #expect(outcome.errors.contains(lint))
        }
        let quiet = try await check("--lint=none", "--lint-fatal", path)
        #expect(quiet.status == 0 && !quiet.errors.contains("lint"))
        let unknown = try await check("--lint=al", path)
        #expect(unknown.status == 2)
        #expect(unknown.errors.contains("there is no lint \"al\""))
    }

    @Test func `of several files each is checked, and one that is wrong decides`() async throws {
        let good = try folder.write("scrape_configs: [{job_name: a}]\n", to: "good.yml")
        let bad = try folder.write("scrape_config: []\n", to: "bad.yml")
        let long = try folder.write(
            "scrape_configs: [{job_name: a, scrape_interval: 10m}]\n", to: "long.yml")
        let outcome = try await check("--lint=all", "--lint-fatal", bad, long, good)
        #expect(outcome.status == 1)
        #expect(outcome.output == "\(long): valid, 1 job\n\(good): valid, 1 job\n")
        #expect(outcome.errors.contains("error: \(bad):1:1: "))
        #expect(outcome.errors.contains("did you mean \"scrape_configs\"?"))
    }

    @Test func `the text alone is looked at where that is asked for`() async throws {
        let path = try folder.write("rule_files: [missing.yml]\n", to: "prometheus.yml")
        let whole = try await check(path)
        #expect(whole.status == 1)
        #expect(whole.errors.contains("1:14: there is no file \(folder.file("missing.yml"))"))
        #expect(try await check("--syntax-only", path).status == 0)
    }

    @Test func `a file that is not there, and no file at all`() async throws {
        let outcome = try await check("/nowhere/prometheus.yml")
        #expect(outcome.status == 1)
        #expect(
            outcome.errors == """
                error: /nowhere/prometheus.yml:1:1: the file cannot be read: no such file or \
                directory; check the path and its permissions

                """)
        let none = try await check()
        #expect(none.status == 2)
        #expect(none.errors.contains("weir check config needs a file"))
    }

    @Test func `a diff tells what a reload would change, and no secret`() async throws {
        let old = try folder.write(
            """
            scrape_configs:
              - {job_name: gone}
              - {job_name: same}
              - job_name: api
                basic_auth: {username: u, password: hush}
                static_configs: [{targets: ["a:1", "b:1"]}]
              - {job_name: word, basic_auth: {username: u, password: hush}}

            """, to: "old.yml")
        let new = try folder.write(
            """
            global: {external_labels: {dc: x}}
            scrape_configs:
              - {job_name: same}
              - job_name: api
                scrape_interval: 5s
                basic_auth: {username: u, password: hush}
                static_configs: [{targets: ["a:1", "c:1"]}]
              - {job_name: word, basic_auth: {username: u, password: husher}}
              - {job_name: new, static_configs: [{targets: ["d:1"]}]}

            """, to: "new.yml")
        let outcome = try await check("--diff", old, new)
        #expect(outcome.status == 0)
        let lines = outcome.output.split(separator: "\n").map(String.init)
        for line in [
            "- job gone (0 targets in the file)", "+ job new (1 target in the file)", "~ job api",
            "    - target b:1", "    + target c:1", "    ~ scrape_interval: 30s -> 5s",
            "~ job word", "    ~ its credentials: a secret changes", "1 jobs stay as they are",
        ] {
            #expect(lines.contains(line), "\(outcome.output)")
        }
        #expect(outcome.output.contains("external_labels"))
        #expect(!(outcome.output + outcome.errors).contains("hush"))
        let same = try await check("--diff", old, old)
        #expect(same.output == "nothing changes\n4 jobs stay as they are\n")
        #expect(try await check("--diff", old).status == 2)
    }

    @Test func `a diff tells of Weir's own settings too, and when they count`() async throws {
        for version in ["old", "new"] {
            let isNew = version == "new"
            #expect(mkdir(folder.file(version), 0o700) == 0)
            try folder.write("scrape_configs: [{job_name: a}]\n", to: "\(version)/prometheus.yml")
            try folder.write(
                """
                retention: \(isNew ? "30d" : "15d")
                limits: {series_budget: \(isNew ? 200 : 100)}
                auth_profiles: {branch: {basic_auth: {username: u, password: \(isNew ? "husher" : "hush")}}}
                """, to: "\(version)/weir.yml")
        }
        let files = ["old", "new"].map { folder.file("\($0)/prometheus.yml") }
        let outcome = try await check("--diff", files[0], files[1])
        #expect(outcome.status == 0, "\(outcome.errors)")
        let lines = outcome.output.split(separator: "\n").filter { $0.hasPrefix("weir.yml: ") }
        #expect(lines.count == 3, "\(outcome.output)")
        for (name, effect) in [
            ("series_budget", "(at once)"), ("auth_profiles", "(at once)"),
            ("retention", "(at the next start)"),
        ] {
            #expect(lines.contains { $0.contains(name) && $0.hasSuffix(effect) }, "\(lines)")
        }
        #expect(!(outcome.output + outcome.errors).contains("hush"))
        let settings = ["old", "new"].map { folder.file("\($0)/weir.yml") }
        let named = try await check(
            "--diff", "--settings=\(settings[0]),\(settings[1])", files[0], files[0])
        #expect(named.output.split(separator: "\n").count == 4, "\(named.output)")
        #expect(try await check("--diff", "--settings=x.yml", files[0], files[0]).status == 2)
    }

    @Test(arguments: [("--schema", "scrape_configs"), ("--settings-schema", "retention_rules")])
    func `a schema is JSON and knows the file's fields`(flag: String, field: String) async throws {
        let outcome = try await check(flag)
        #expect(outcome.status == 0)
        // JSON is YAML too.
        let root = try YAMLReader.read(Array(outcome.output.utf8), file: "schema").root
        #expect(root?["properties"]?[field] != nil)
        let path = try folder.write(outcome.output, to: "schema.json")
        let strict = try await ChildProcess.run(["python3", "-m", "json.tool", path])
        #expect(strict.status == 0, "\(strict.errors)")
    }

    @Test func `Weir's own settings are checked too`() async throws {
        let config = try folder.write("", to: "prometheus.yml")
        let settings = try folder.write("dialects: {}\n", to: "weir.yml")
        let good = try await check("--settings=\(settings)", config)
        #expect(good.status == 0)
        #expect(good.output == "\(settings): valid\n\(config): valid, 0 jobs\n")
        #expect(good.errors.contains("warning: \(settings):1:1: dialects: read and checked, but"))
        #expect(!good.errors.contains("Prometheus"))
        try folder.write("retntion: 1d\n", to: "weir.yml")
        let bad = try await check("--settings=\(settings)", config)
        #expect(bad.status == 1)
        #expect(
            bad.errors.contains(
                "error: \(settings):1:1: weir.yml has no field \"retntion\"; did you mean \"retention\"?"
            ))
        #expect(try await check("--settings=\(settings)").status == 1)
    }
}
