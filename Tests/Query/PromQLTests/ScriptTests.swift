import Model
import TestKit
import Testing

@testable import PromQL

struct ScriptTests {
    @Test func `the corpus of the fuzz target still holds`() throws {
        let names = try TestFiles.names(in: TestFiles.corpus)
        #expect(names.count >= 12)
        for name in names {
            let input = try TestFiles.bytes(TestFiles.corpus + "/" + name)
            #expect(disagreement(over: input) == nil, "\(name)")
        }
    }

    @Test func `what is wrong is told with line, expression, expected and got`() async throws {
        let script = """
            load 1m
              up{job="a"} 1 2+3x2 _ stale
            # a comment
            eval instant at 1m up
              {__name__="up", job="a"} 2

            eval instant at 1m up + 1
              {job="a"} 4

            eval range from 0 to 2m step 1m up
              up{job="a"} 1 2 6

            eval instant at 1m sum(up) by
              expect fail regex: grouping opts

            eval instant at 1m vector(1)
              expect fail
            """
        let outcome = try await ScriptRunner().run(script, file: "a.test")
        #expect(outcome.passed == 2)
        #expect(
            outcome.failures == [
                #"a.test:7: up + 1: expected 4 for {job="a"}, got 3"#,
                #"a.test:10: up: expected 6 for {__name__="up", job="a"} at 120000 ms, got 5"#,
                "a.test:16: vector(1): expected a failure, got "
                    + outcome.failures.last!.split(separator: "got ", maxSplits: 1).last!,
            ])
    }

    @Test(arguments: [
        ("load", "a.test:1: "), ("lad 5m", "a.test:1: invalid command \"lad 5m\""),
        ("load 5m\n  up 5y", "a.test:2: not a value: 5y"),
        ("load 5m\n  up{a=\"b\" 5", "a.test:2: cannot read the series \"up{a=\\\"b\\\" 5\": "),
        ("eval instant at 5x up", "a.test:1: "),
        ("eval instant at 5m up\n  expect something", "a.test:2: invalid expected error"),
        ("load 5m\n  h {{schema:1 schema:2}}", "a.test:2: duplicate key \"schema\" in histogram"),
    ])
    func `a script that cannot be read says where`(script: String, begins: String) async {
        let error = await #expect(throws: ScriptError.self) {
            try await ScriptRunner().run(script, file: "a.test")
        }
        #expect(error?.description.hasPrefix(begins) == true, "\(String(describing: error))")
    }

    @Test(arguments: [
        ("{{}}", "{{}}"), ("{{schema:1 count:5 sum:2.5 buckets:[3 0 2]}}", ""),
        ("{{schema:-53 count:3 sum:1 custom_values:[5 10] offset:1 buckets:[1 2]}}", ""),
        ("{{count:1 z_bucket:1 z_bucket_w:0.001 n_offset:-2 n_buckets:[1]}}", ""),
        ("{{sum:NaN counter_reset_hint:gauge}}", ""),
    ])
    func `a histogram is written as it was read`(text: String, expected: String) throws {
        let line = try SeriesLine("up \(text)")
        guard case .histogram(let histogram, _) = line.values[0] else {
            Issue.record("no histogram")
            return
        }
        #expect(histogram.scriptText == (expected.isEmpty ? text : expected))
    }

    @Test func `histograms of a line grow by another`() throws {
        let line = try SeriesLine(
            #"h{a="b"} {{sum:1 count:2 buckets:[1 1]}}+{{sum:1 count:1 offset:1 buckets:[1]}}x2"#)
        #expect(
            line.values.map(\.text) == [
                "{{count:2 sum:1 buckets:[1 1]}}", "{{count:3 sum:2 buckets:[1 2]}}",
                "{{count:4 sum:3 buckets:[1 3]}}",
            ])
    }
}
