public import Model
import Postgres

extension History {
    /// The names of labels: those of all series that are kept, or of those that meet `matchers` and
    /// said something about then.
    public func labelNames(
        matching matchers: [Matcher], in range: ClosedRange<Timestamp>, limit: Int?
    ) async throws(SourceError) -> [String] {
        guard matchers.isEmpty else {
            return try await labelSets(matching: matchers, in: range, limit: nil)
                .labelNames(limit: limit)
        }
        // From one name to the next by the index, however many values each of them has.
        let names = try await texts(
            """
            WITH RECURSIVE step AS (
                (SELECT name FROM weir_data.label ORDER BY name LIMIT 1)
                UNION ALL
                SELECT (SELECT l.name FROM weir_data.label l WHERE l.name > s.name
                    ORDER BY l.name LIMIT 1)
                FROM step s WHERE s.name IS NOT NULL)
            SELECT name FROM step WHERE name IS NOT NULL
            UNION ALL
            SELECT '__name__' WHERE EXISTS (SELECT FROM weir_data.series)
            """, [])
        return names.sortedBytewise(limit: limit)
    }

    /// The values of the label `name` in such series.
    public func labelValues(
        of name: String, matching matchers: [Matcher], in range: ClosedRange<Timestamp>, limit: Int?
    ) async throws(SourceError) -> [String] {
        guard matchers.isEmpty else {
            return try await labelSets(matching: matchers, in: range, limit: nil)
                .labelValues(of: name, limit: limit)
        }
        let cut = limit.map { " LIMIT \($0)" } ?? ""
        guard name.hasSameBytes(as: LabelName.metric) else {
            return try await texts(
                #"SELECT value FROM weir_data.label WHERE name = $1 ORDER BY value COLLATE "C""#
                    + cut, [.text(LabelsJSON.storable(name))]
            ).sortedBytewise(limit: limit)
        }
        return try await texts(
            """
            SELECT name FROM weir_data.metric m
            WHERE EXISTS (SELECT FROM weir_data.series s WHERE s.metric = m.id)
            ORDER BY name COLLATE "C"\(cut)
            """, []
        ).sortedBytewise(limit: limit)
    }

    private func texts(
        _ sql: String, _ parameters: [PostgresValue]
    ) async throws(SourceError) -> [String] {
        try await read { connection throws(PostgresError) in
            let rows = try connection.query(sql, parameters)
            var texts: [String] = []
            for row in 0..<rows.rowCount {
                if let text = try rows.text(row, 0) { texts.append(text) }
            }
            return .success(texts)
        }
    }
}
