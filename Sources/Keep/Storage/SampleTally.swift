import Model
import Telemetry
import Threads

/// Where every sample went, in numbers that add up at any instant.
///
/// `scraped` = `committed` live + `spooled` + `lost` from memory + `erased` + what waits in memory;
/// `spooled` + `recovered` = `committed` from the spool + `lost` from it + what waits there.
struct SampleTally: Sendable {
    /// Samples that came in during this run.
    var scraped = 0
    /// Those that went from memory into the database.
    var committedLive = 0
    /// Those that went from the spool into the database.
    var committedFromSpool = 0
    /// Those that went into the spool.
    var spooled = 0
    /// Those that an earlier run left in the spool.
    var recovered = 0
    /// Those that were erased on request before they were committed.
    var erased = 0
    var lostFromMemory = 0
    var lostFromSpool = 0
    /// When the last commit was.
    var lastCommit: Timestamp?

    /// What is in memory alone.
    var waitingInMemory: Int { scraped - committedLive - spooled - lostFromMemory - erased }
    /// What is in the spool.
    var waitingInSpool: Int { spooled + recovered - committedFromSpool - lostFromSpool }

    var families: [MetricFamily] {
        func family(
            _ name: String, _ type: MetricType, _ help: String, _ lines: [(String, String, Int)]
        ) -> MetricFamily {
            MetricFamily(
                name: name, metadata: MetricMetadata(type: type, help: help),
                lines: lines.map { label, value, number in
                    .init(
                        suffix: type == .counter ? "_total" : "",
                        labels: label.isEmpty ? Labels() : Labels([Label(label, value)]),
                        value: Double(number))
                })
        }
        return [
            family(
                "weir_samples_scraped", .counter, "Samples that came in.", [("", "", scraped)]),
            family(
                "weir_samples_committed", .counter, "Samples that the database has.",
                [("from", "memory", committedLive), ("from", "spool", committedFromSpool)]),
            family(
                "weir_samples_spooled", .counter,
                "Samples that went into the spool, since the database could not take them.",
                [("", "", spooled)]),
            family(
                "weir_samples_recovered", .counter,
                "Samples that an earlier run had left in the spool.", [("", "", recovered)]),
            family(
                "weir_samples_erased", .counter,
                "Samples that were erased on request before they were committed.",
                [("", "", erased)]),
            family(
                "weir_samples_lost", .counter,
                "Samples that are gone: no room, damaged, or refused by the database.",
                [("from", "memory", lostFromMemory), ("from", "spool", lostFromSpool)]),
            family(
                "weir_samples_waiting", .gauge, "Samples that no database has yet.",
                [("in", "memory", waitingInMemory), ("in", "spool", waitingInSpool)]),
        ]
    }
}
