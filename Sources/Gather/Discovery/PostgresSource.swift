import Configuration
import JSON
import Model
import Postgres

/// `postgres_sd_configs`: targets that are the rows of a query, asked again on NOTIFY.
struct PostgresSource: TargetSource {
    private let config: PostgresDiscoveryConfig
    private let surroundings: SourceSurroundings
    // What a statement of many rows sends comes together.
    private let settling = Duration.milliseconds(50)

    init(_ config: PostgresDiscoveryConfig, _ surroundings: SourceSurroundings) {
        self.config = config
        self.surroundings = surroundings
    }

    /// What tells the source from others, without what a connection string may hide.
    static func shown(_ config: PostgresDiscoveryConfig) -> String {
        let query = config.query.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        let place = query.count > 80 ? query.prefix(80) + "…" : query[...]
        return config.channel.isEmpty ? String(place) : "\(place) (on \(config.channel))"
    }

    func run(_ updates: TargetUpdates) async {
        let loop = RefreshLoop(kind: "postgres", every: config.refreshInterval, surroundings)
        guard let options = await connection(updates) else { return }
        let session = PostgresSession(options, name: "weir-sd-pg")
        let ask: @Sendable () async throws -> RefreshLoop.Answer = {
            RefreshLoop.Answer(groups: [try Self.group(try await rows(session))])
        }
        if config.channel.isEmpty {
            await loop.run(updates, ask: ask)
        } else {
            // Also when it begins to listen, since what was sent before is lost.
            let events = PostgresListener.events(options, channels: [config.channel])
            await loop.run(updates, also: events.map { _ in }, settling: settling, ask: ask)
        }
        await session.disconnect()
    }

    // MARK: Asking

    /// Whom to ask; `nil` once the task is cancelled.
    private func connection(_ updates: TargetUpdates) async -> PostgresOptions? {
        while !Task.isCancelled {
            do {
                if let options = try await options() { return options }
                updates.failed(
                    reason: "there is no database to ask: name one with database in the "
                        + "postgres_sd_config, or give Weir one of its own")
            } catch { updates.failed(reason: "\(error)") }
            // Lost is only that the sleep was cut short, which ends the loop.
            try? await Task.sleep(for: min(config.refreshInterval.duration, .seconds(5)))
        }
        return nil
    }

    private func options() async throws -> PostgresOptions? {
        guard let secret = config.database ?? config.databaseFile else {
            return await surroundings.database().map { Self.careful($0) }
        }
        let text = try await TargetFiles.shared.reveal(secret)
        return Self.careful(try PostgresOptions(text, applicationName: "weir discovery"))
    }

    /// Only reads, and gives up on what takes too long.
    private static func careful(_ options: PostgresOptions) -> PostgresOptions {
        var options = options
        options.statementTimeout = .seconds(30)
        options.answerTimeout = .seconds(60)
        options.settings.append((name: "default_transaction_read_only", value: "on"))
        return options
    }

    /// Each row as a JSON object, so that any type of PostgreSQL has a text.
    private func rows(_ session: PostgresSession) async throws -> [JSONValue] {
        let sql = "SELECT to_jsonb(weir_row) FROM (\n\(Self.bare(config.query))\n) AS weir_row"
        let texts = try await session.run { connection throws(PostgresError) in
            let result = try connection.query(sql)
            var texts: [String] = []
            texts.reserveCapacity(result.rowCount)
            for row in 0..<result.rowCount { texts.append(try result.text(row, 0) ?? "null") }
            return texts
        }
        return try texts.map { try JSONReader.read(Array($0.utf8)) }
    }

    /// Without the semicolon that ends a statement.
    private static func bare(_ query: String) -> String {
        var query = query[...]
        while let last = query.last, last.isWhitespace || last == ";" { query.removeLast() }
        return String(query)
    }

    // MARK: Rows to targets

    static func group(_ rows: [JSONValue]) throws(DiscoveryError) -> TargetGroup {
        var targets: [Labels] = []
        for (number, row) in rows.enumerated() {
            do throws(RowFault) { targets += try Self.targets(row) } catch {
                throw .badList(place: "row \(number + 1) of the query", reason: error.reason)
            }
        }
        return TargetGroup(source: "rows", targets: targets)
    }

    private struct RowFault: Error { let reason: String }

    private static func targets(_ row: JSONValue) throws(RowFault) -> [Labels] {
        var addresses: [String] = []
        var labels: [Label] = []
        var hasAddress = false
        for column in row.members {
            switch column.name {
            case "address", LabelName.address:
                hasAddress = true
                if let text = text(column.value) { addresses.append(text) }
            case "targets":
                hasAddress = true
                addresses += column.value.elements.compactMap(text)
            case "labels":
                guard
                    column.value.isNull || !column.value.members.isEmpty
                        || column.value == .object([])
                else {
                    throw RowFault(
                        reason: "the column labels is \(column.value.kindInWords), not an object")
                }
                labels += column.value.members.compactMap { member in
                    text(member.value).map { Label(member.name, $0) }
                }
            case let name where name.hasPrefix("__"):
                labels.append(Label(name, text(column.value) ?? ""))
            case let name:
                let meta = "__meta_postgres_" + LabelName.sanitized(name)
                labels.append(Label(meta, text(column.value) ?? ""))
            }
        }
        guard hasAddress else {
            throw RowFault(reason: "there is no column address and no column targets")
        }
        addresses.removeAll(where: \.isEmpty)
        guard !addresses.isEmpty else { throw RowFault(reason: "the address is empty") }
        return addresses.map { Labels(labels + [Label(LabelName.address, $0)]) }
    }

    /// The text of a value; `nil` for NULL.
    ///
    /// A list is written with commas around each element, so that a regular expression finds one.
    private static func text(_ value: JSONValue) -> String? {
        switch value {
        case .null: nil
        case .string(let text): text
        case .int(let number): "\(number)"
        case .double(let number): "\(number)"
        case .bool(let truth): truth ? "true" : "false"
        case .array(let values):
            values.isEmpty ? "" : "," + values.compactMap(text).joined(separator: ",") + ","
        case .object(let members):
            members.compactMap { member in text(member.value).map { "\(member.name)=\($0)" } }
                .joined(separator: ",")
        }
    }
}

extension TargetFiles {
    /// The text of a secret, which may lie in a file.
    func reveal(_ secret: Secret) throws(ModelError) -> String { try secret.reveal() }
}
