import Glibc
import TestKit
import Testing

/// `weir backfill` and `weir export`, on databases of their own.
struct BackfillTests {
    private static let start = 1_789_948_800

    /// Series whose values text has to carry with care, in the order in which an export has them.
    private static func text() -> String {
        var lines = ["# TYPE odd gauge", "# HELP odd What is \\\"odd\\\",\\nor \\\\ not."]
        let values = [
            "0", "-0", "1", "0.1", "0.30000000000000004", "5e-324", "2.2250738585072014e-308",
            "1.7976931348623157e+308", "-1e+300", "+Inf", "-Inf", "NaN", "9007199254740993",
            "123456789.123456",
        ]
        for (place, value) in values.enumerated() {
            lines.append(#"odd{a="\"\\\n",b="ü"} \#(value) \#(start + place * 30).\#(100 + place)"#)
        }
        for (place, bits) in ["7ff0000000000002", "7ff8000000000fff", "fff8000000000001"]
            .enumerated()
        {
            let time = start + place * 30
            lines.append(
                "odd{b=\"nan\"} NaN \(time) # {weir_nan=\"\(bits)\"} 0 \(time)")
        }
        lines.append("# TYPE walk counter")
        var value = 17
        for series in 0..<3 {
            for tick in 0..<3000 {
                value = (value * 1_103_515_245 + 12_345) % 2_147_483_648
                let time = start + tick * 60
                let exemplar =
                    tick % 1000 == 7 ? " # {trace_id=\"\(tick)\"} 0.5 \(time - 1).250" : ""
                lines.append(
                    "walk_total{s=\"\(series)\"} \(tick * 100 + value % 100) \(time)\(exemplar)")
            }
        }
        return (lines + ["# EOF"]).joined(separator: "\n") + "\n"
    }

    private func weir(_ words: [String], _ database: String) async throws -> (
        output: String, errors: String
    ) {
        let outcome = try await ChildProcess.run([Built.weir] + words + ["--database=\(database)"])
        #expect(outcome.status == 0, "\(words): \(outcome.errors)")
        return (outcome.output, outcome.errors)
    }

    @Test func `what is exported and taken in again is the same to the last bit`() async throws {
        let server = try await PostgresServer.shared
        let (first, second) = (try await server.makeDatabase(), try await server.makeDatabase())
        let folder = try TemporaryFolder("backfill")
        let written = Self.text()
        let file = try folder.write(written, to: "first.om")
        let taken = try await weir(["backfill", "openmetrics", file], first)
        #expect(taken.errors.contains("9017 samples taken in"))
        let exported = try await weir(["export"], first).output
        // 9007199254740993 is no double; the next one is what it means.
        #expect(exported == written.replacing("9007199254740993", with: "9007199254740992"))
        let again = try folder.write(exported, to: "second.om")
        _ = try await weir(["backfill", "openmetrics", again], second)
        #expect(try await weir(["export"], second).output == exported)
        let some = try await weir(
            [
                "export", "--match", #"walk_total{s="1"}"#, "--from", "\(Self.start + 60)", "--to",
                "2026-09-21T00:02:00Z", "--format", "csv",
            ], first
        ).output.split(separator: "\n")
        #expect(some.count == 3)
        #expect(some[1].hasPrefix(#"walk_total,"{""s"":""1""}",1789948860,"#))
        let lines = try await weir(["export", "--format=ndjson", "--match=odd"], first).output
        #expect(lines.split(separator: "\n").count == 2)
        #expect(lines.contains(#""values":[null,"NaN","NaN"]"#))
    }

    @Test func `a file that was taken in is not taken in twice, and one without times not at all`()
        async throws
    {
        let database = try await PostgresServer.shared.makeDatabase()
        let folder = try TemporaryFolder("backfill")
        let file = try folder.write("a 1 1789948800\n# EOF\n", to: "a.om")
        _ = try await weir(["backfill", "openmetrics", file], database)
        let second = try await weir(["backfill", "openmetrics", file], database)
        #expect(second.errors.contains("was taken in before, 1 samples"))
        let third = try await weir(["backfill", "openmetrics", "--again", file], database)
        #expect(third.errors.contains("1 of them where something was before"))
        #expect(try await weir(["export"], database).output == "a 1 1789948800\n# EOF\n")
        let timeless = try folder.write("a 1 1789948800\nb 1\n# EOF\n", to: "b.om")
        let refused = try await ChildProcess.run([
            Built.weir, "backfill", "openmetrics", timeless, "--database=\(database)",
        ])
        #expect(refused.status != 0)
        #expect(refused.errors.contains("without a time"))
    }
}
