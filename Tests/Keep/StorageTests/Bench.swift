import Head
import Migrations
import Model
import Postgres
import Telemetry
import TestKit

@testable import Storage

/// A database of one's own with Weir's tables, and hands that play the head's part.
struct Place {
    let name: String
    let pool: PostgresPool
    let options: PostgresOptions
    let server: PostgresServer

    init(on own: PostgresServer? = nil, size: Int = 4) async throws {
        if let own { server = own } else { server = try await PostgresServer.shared }
        let text = try await server.makeDatabase()
        name = String(text.split(separator: "=").last ?? "")
        options = try PostgresOptions(text)
        try await Migrator().migrate(options)
        pool = PostgresPool(options, size: size)
    }

    /// What SQL prints, rows by line, columns by bar.
    func sql(_ text: String) async throws -> String { try await server.run(text, database: name) }

    /// Runs `body` beside `service`, which ends with it.
    func during<Value: Sendable>(
        _ service: @escaping @Sendable () async throws -> Void,
        _ body: @Sendable () async throws -> Value
    ) async throws -> Value {
        let task = Task { try await service() }
        do {
            let value = try await body()
            task.cancel()
            _ = await task.result
            return value
        } catch {
            task.cancel()
            _ = await task.result
            throw error
        }
    }
}

/// A clock whose ticks a test makes by hand, all series in tiles of their order.
struct HandClock {
    let clock: ClockID
    let series: [Labels]
    private let firstSeries: UInt32

    init(_ number: UInt32, _ series: [Labels], firstSeries: UInt32 = 0) {
        clock = ClockID(number: number)
        self.series = series
        self.firstSeries = firstSeries
    }

    func id(_ index: Int) -> SeriesID { SeriesID(number: firstSeries + UInt32(index)) }

    var key: ClockKey {
        ClockKey(kind: .scrape, name: "job", place: "http://place/\(clock.number)")
    }

    /// One tick; the first one of a clock introduces and places everything.
    func tick(_ time: Int64, _ values: [Double], isFirst: Bool = false) -> Tick {
        var tick = Tick(clock: clock, time: Timestamp(milliseconds: time), isTick: true)
        if isFirst {
            for (index, labels) in series.enumerated() {
                tick.introduced.append(IntroducedSeries(series: id(index), labels: labels))
                tick.placed.append(
                    Placement(
                        series: id(index), tile: UInt32(index / Tick.tileWidth),
                        position: UInt8(index % Tick.tileWidth)))
            }
        }
        tick.values = values
        var start = 0
        while start < values.count {
            let width = min(Tick.tileWidth, values.count - start)
            tick.tiles.append(TileRow(tile: UInt32(start / Tick.tileWidth), width: width))
            start += width
        }
        return tick
    }
}

extension Labels {
    /// The labels of a series of `metric`.
    static func of(_ metric: String, _ pairs: KeyValuePairs<String, String> = [:]) -> Labels {
        Labels([Label(LabelName.metric, metric)] + pairs.map { Label($0.key, $0.value) })
    }
}
