import Glibc
import Head
import Migrations
import Model
import Postgres
import PrivatePostgres
import Storage
import Telemetry
import TestKit

/// Panels over a whole day from PostgreSQL, beside Prometheus over a block of the same samples.
enum PromQLDayBenchmarks {
    static func run(_ report: inout BenchmarkReport) async throws {
        let targets = PromQLBenchmarks.number("PROMQL_DAY_TARGETS") ?? 10
        guard let farm = try Farm(targets: targets, scrapes: 2880, every: 30_000) else {
            report.add("promql day: no frames at ../shared/frames, nothing measured", 0, "")
            return
        }
        report.add("promql day: series", Double(farm.seriesCount), "series")
        report.add("promql day: samples", Double(farm.sampleCount) / 1e6, "M")
        let folder = try TemporaryFolder("promql-day")
        chmod(folder.path, 0o755)
        let cluster = try PrivateCluster(folder.file("postgres"), log: .silent)
        try await cluster.start()
        do {
            let options = try cluster.options()
            try await Migrator().migrate(options)
            try await keep(farm, PostgresPool(options))
            try farm.writeBlock(in: folder.file("data"))
            let peer = try await MeasuredServer.prometheus(folder.file("data"), in: folder)
            let weir = try await MeasuredServer.weir(["history", options.connectionString])
            try await PanelComparison(
                weir: weir, peer: peer, rounds: PromQLBenchmarks.rounds, name: "promql day"
            ).run(Panel.overDay, farm.times, into: &report)
            await weir.stop()
            await peer.stop()
        } catch {
            await cluster.stop()
            throw error
        }
        await cluster.stop()
    }

    /// Writes the day as scrapes write it, seals it and merges it.
    private static func keep(_ farm: Farm, _ pool: PostgresPool) async throws {
        let writer = TickWriter(
            pool: pool, byteLimit: 1 << 30, registry: MetricRegistry(), log: .silent)
        let run = Task { await writer.run() }
        for target in 0..<farm.targets {
            writer.opened(
                ClockID(number: UInt32(target)),
                as: ClockKey(kind: .scrape, name: "farm", place: "http://farm/t/\(target)"),
                interval: .seconds(30))
        }
        for scrape in 0..<farm.scrapes {
            for target in 0..<farm.targets {
                try writer.take(tick(farm, target, scrape))
            }
            // A queue that is full refuses.
            if scrape % 60 == 59 { try await writer.settle() }
        }
        try await writer.settle()
        run.cancel()
        await run.value
        let end = Timestamp(milliseconds: Farm.start) + .hours(24)
        try await pool.run { connection throws(PostgresError) in
            try Sealer.close(before: end, connection)
            _ = try Sealer.seal(connection)
            try Sealer.dropSealed(connection)
            _ = try DayMerge.run(Timestamp(milliseconds: Farm.start), connection)
            _ = try connection.query("ANALYZE")
        }
    }

    private static func tick(_ farm: Farm, _ target: Int, _ scrape: Int) -> Tick {
        var tick = Tick(
            clock: ClockID(number: UInt32(target)),
            time: Timestamp(milliseconds: farm.time(scrape)), isTick: true)
        tick.values = farm.values(target, scrape)
        let rows = (farm.width + Tick.tileWidth - 1) / Tick.tileWidth
        for row in 0..<rows {
            let width = min(Tick.tileWidth, farm.width - row * Tick.tileWidth)
            tick.tiles.append(TileRow(tile: UInt32(target * rows + row), width: width))
        }
        guard scrape == 0 else { return tick }
        for place in 0..<farm.width {
            let id = SeriesID(number: UInt32(target * farm.width + place))
            tick.introduced.append(
                IntroducedSeries(series: id, labels: farm.labels(place, of: target)))
            tick.placed.append(
                Placement(
                    series: id, tile: UInt32(target * rows + place / Tick.tileWidth),
                    position: UInt8(place % Tick.tileWidth)))
        }
        return tick
    }
}
