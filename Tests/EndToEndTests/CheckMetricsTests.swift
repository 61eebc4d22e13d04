import TestKit
import Testing

/// What a user sees of `weir check metrics`.
struct CheckMetricsTests {
    @Test(
        arguments: [
            ("# HELP a A.\n# TYPE a gauge\na 1\n", "", 0, ""),
            ("# TYPE a gauge\na 1\n", "", 0, "warning: a no help text\n"),
            ("# TYPE a gauge\na 1\n", "--lint-fatal", 3, "warning: a no help text\n"),
            ("# HELP a A.\n# TYPE a gauge\na 1\n", "--lint-fatal", 0, ""),
            (
                "# HELP a A.\n# TYPE a gauge\na 1\n", "--format openmetrics", 1,
                "expected # EOF"
            ),
            ("# HELP a A.\n# TYPE a gauge\na 1\n# EOF\n", "--format auto", 0, ""),
            ("a{b=\"c} 1\n", "", 1, "line 1, column 5: expected"),
        ])
    func `metrics are judged by the exit code and told why`(
        body: String, flags: String, status: Int, errors: String
    ) async throws {
        let outcome = try await check(body, flags)
        #expect(outcome.status == Int32(status))
        #expect(outcome.output == "")
        #expect(errors.isEmpty ? outcome.errors == "" : outcome.errors.contains(errors))
    }

    @Test func `extended adds how many series each metric has`() async throws {
        let body =
            "# HELP h H.\n# TYPE h gauge\nh{a=\"1\"} 1\nh{a=\"2\"} 1\nh{a=\"3\"} 1\n# HELP b B.\nb 1\n"
        let outcome = try await check(body, "--extended")
        #expect(outcome.status == 0)
        #expect(
            outcome.output == """
                Metric  Cardinality  Percentage
                h                 3      75.00%
                b                 1      25.00%

                """)
    }

    @Test(arguments: [
        "# TYPE a gauge\na 1\n",
        "# HELP a A.\n# TYPE a counter\na 1\n",
        "# HELP a_total A.\n# TYPE a_total gauge\na_total 1\n",
        "# HELP a_milliseconds A.\n# TYPE a_milliseconds gauge\na_milliseconds{bC=\"1\",le=\"2\"} 1\n",
        "# HELP aB_gauge A.\n# TYPE aB_gauge gauge\naB_gauge 1\n# TYPE c_count untyped\nc_count 1\n",
        "# HELP a_ms A.\n# TYPE a_ms gauge\na_ms{quantile=\"1\"} 1\n# HELP b:c B.\n# TYPE b:c gauge\nb:c 1\n",
        "# HELP h H.\n# TYPE h histogram\nh_bucket{le=\"+Inf\"} 1\nh_sum 1\nh_count 1\n",
        "# HELP s_sum H.\n# TYPE s_sum gauge\ns_sum 1\n# HELP s_bucket H.\n# TYPE s_bucket gauge\ns_bucket 1\n",
        "# HELP a_kilobytes_total A.\n# TYPE a_kilobytes_total counter\na_kilobytes_total 1\n",
    ])
    func `lints are promtool's, word by word`(body: String) async throws {
        let weir = try await check(body, "--lint-fatal")
        let promtool = try await piped(body, "promtool check metrics")
        let ours = weir.errors.split(separator: "\n").map { $0.dropFirst("warning: ".count) }
        let theirs = (promtool.output + promtool.errors).split(separator: "\n")
        #expect(Set(ours) == Set(theirs))
        #expect(weir.status == promtool.status)
    }

    private func check(_ body: String, _ flags: String) async throws -> ChildProcess.Outcome {
        try await piped(body, "'\(Built.weir)' check metrics \(flags)")
    }

    private func piped(_ body: String, _ command: String) async throws -> ChildProcess.Outcome {
        let folder = try TemporaryFolder()
        try folder.write(body, to: "body")
        return try await ChildProcess.run(["sh", "-c", "\(command) < '\(folder.file("body"))'"])
    }
}
