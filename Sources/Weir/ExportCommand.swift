import Exposition
import Migrations
import Model
import Postgres
import Storage
import Telemetry

/// `weir export`: writes what series said as text that other programs read.
enum ExportCommand {
    static let command = Command(
        "export", "Writes samples out of the database, as OpenMetrics, CSV or JSON lines.",
        flags: [
            Flag(
                "match", .text, "SELECTOR", isRepeatable: true, isCommon: true,
                "Which series, as in {job=\"node\"}; all where it is not given."),
            Flag("from", .text, "TIME", isCommon: true, "The first instant: RFC 3339 or seconds."),
            Flag("to", .text, "TIME", isCommon: true, "The last instant; now where not given."),
            Flag(
                "format", .choice(["openmetrics", "csv", "ndjson"]), "FORMAT",
                standard: "openmetrics", isCommon: true, "How samples are written."),
            .toggle(
                "drop-stale",
                "Leaves out the marks of where series ended, which others read as NaN."),
        ] + Database.flags,
        details: """
            Example: weir export --match '{job="node"}' --from 2026-01-01T00:00:00Z > node.om
            What is written in OpenMetrics, weir backfill openmetrics takes in with the same bits.
            """
    ) { invocation in
        let log = Log.standardError(level: .warn, format: .logfmt)
        let database = try Database(invocation, log: log)
        let range = try range(invocation)
        let selectors = try invocation.all("match").map { text in
            do throws(ModelError) {
                return try Selector(text).matchers
            } catch {
                throw UsageError("--match=\(text): \(error)")
            }
        }
        try await database.whileRunning {
            _ = try await Migrator().migrate(database.options)
            let pool = PostgresPool(database.options, size: 1)
            let export = Export(
                pool: pool, matching: selectors.isEmpty ? [[]] : selectors, in: range)
            try await write(export, invocation)
            await pool.close()
        }
        return .success
    }

    private static func write(_ begun: Export, _ invocation: Invocation) async throws {
        var export = begun
        var progress = Progress("samples written")
        try await export.begin()
        var writer = SampleWriter(
            format: SampleWriter.Format(rawValue: invocation.text("format")) ?? .openmetrics,
            dropsStale: invocation.isOn("drop-stale"), metadata: export.metadata)
        writer.begin()
        while let page = try await export.next() {
            for one in page {
                writer.write(one)
                if writer.bytes.count > 1 << 20 { try Terminal.send(writer.take()) }
            }
            let (done, all) = export.progress
            progress.show(writer.samples, "\(done) of \(all) series")
        }
        writer.finish()
        try Terminal.send(writer.take())
        progress.end(writer.samples, "\(export.progress.all) series")
        if export.histograms > 0 {
            Terminal.complain(
                "left out: \(export.histograms) native histograms, which no text can hold")
        }
        if writer.exemplarsLeft > 0 {
            Terminal.complain(
                "left out: \(writer.exemplarsLeft) exemplars, of which a sample can carry one")
        }
    }

    private static func range(
        _ invocation: Invocation
    ) throws(UsageError) -> ClosedRange<Timestamp> {
        let from =
            invocation.isGiven("from") ? try time("from", invocation.text("from")) : .distantPast
        let to = invocation.isGiven("to") ? try time("to", invocation.text("to")) : WallClock.now
        guard from <= to else { throw UsageError("--from is after --to") }
        return from...to
    }

    private static func time(_ flag: String, _ text: String) throws(UsageError) -> Timestamp {
        if let seconds = Double(text), seconds.magnitude < 1e12 {
            return Timestamp(milliseconds: Int64((seconds * 1000).rounded()))
        }
        guard let time = Timestamp(rfc3339: text) else {
            throw UsageError(
                "--\(flag)=\(text): expects 2026-01-02T15:04:05Z, or seconds since 1970")
        }
        return time
    }
}
