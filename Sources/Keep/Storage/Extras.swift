import Head
import Model
import Postgres

/// What is said beside plain samples: metadata, exemplars, native histograms.
enum Extras {
    /// Notes what is said of families from now on; what was said before ends there.
    static func write(
        _ news: [(clock: ClockID, time: Timestamp, family: FamilyMetadata)], _ ids: Identities,
        _ connection: borrowing PostgresConnection
    ) throws(PostgresError) {
        struct Key: Hashable {
            let clock: Int32
            let family: String
        }
        var newest: [Key: (time: Timestamp, metadata: MetricMetadata)] = [:]
        for (clock, time, family) in news {
            guard let clock = ids.clock(clock), Partitions.storable.contains(time) else { continue }
            let key = Key(clock: clock, family: LabelsJSON.storable(family.family))
            newest[key] = (time, family.metadata)
        }
        guard !newest.isEmpty else { return }
        let all = Array(newest)
        let values: [PostgresValue] = [
            .int4s(all.map(\.key.clock)), .texts(all.map(\.key.family)),
            .int8s(all.map(\.value.time.milliseconds)),
            .texts(all.map(\.value.metadata.type.rawValue)),
            .texts(all.map { LabelsJSON.storable($0.value.metadata.unit) }),
            .texts(all.map { LabelsJSON.storable($0.value.metadata.help) }),
        ]
        _ = try connection.execute(
            """
            WITH news AS (
                SELECT clock, family, timestamptz 'epoch' + t * interval '1 millisecond' AS time,
                    type, unit, help
                FROM unnest($1::int4[], $2::text[], $3::int8[], $4::text[], $5::text[], $6::text[])
                    u(clock, family, t, type, unit, help)),
            ended AS (
                UPDATE weir_data.metadata m SET until = n.time FROM news n
                WHERE m.clock = n.clock AND m.family = n.family AND m.until = 'infinity'
                    AND m.since < n.time
                    AND (m.type, m.unit, m.help) IS DISTINCT FROM (n.type, n.unit, n.help))
            INSERT INTO weir_data.metadata (clock, family, since, type, unit, help)
            SELECT n.clock, n.family, n.time, n.type, n.unit, n.help FROM news n
            WHERE NOT EXISTS (
                SELECT FROM weir_data.metadata m
                WHERE m.clock = n.clock AND m.family = n.family AND m.until = 'infinity'
                    AND (m.since > n.time
                        OR (m.type, m.unit, m.help) IS NOT DISTINCT FROM (n.type, n.unit, n.help)))
            ON CONFLICT (clock, family, since) DO UPDATE
            SET type = EXCLUDED.type, unit = EXCLUDED.unit, help = EXCLUDED.help
            """, values)
    }

    static func write(
        exemplars: [PlacedExemplar], _ ids: Identities, _ connection: borrowing PostgresConnection
    ) throws(PostgresError) {
        let known = exemplars.filter {
            ids.series($0.series) != nil && Partitions.storable.contains($0.time)
        }
        guard !known.isEmpty else { return }
        _ = try connection.execute(
            """
            INSERT INTO weir_data.exemplar (series, time, value, labels)
            SELECT s, timestamptz 'epoch' + t * interval '1 millisecond', v, l::jsonb
            FROM unnest($1::int4[], $2::int8[], $3::float8[], $4::text[]) u(s, t, v, l)
            ON CONFLICT DO NOTHING
            """,
            [
                .int4s(known.map { ids.series($0.series) ?? 0 }),
                .int8s(known.map(\.time.milliseconds)), .float8s(known.map(\.value)),
                .texts(known.map { LabelsJSON.text(of: $0.labels) }),
            ])
    }

    static func write(
        histograms: [PlacedHistogram], _ ids: Identities,
        _ connection: borrowing PostgresConnection
    ) throws(PostgresError) {
        let known = histograms.filter {
            ids.series($0.series) != nil && Partitions.storable.contains($0.point.time)
        }
        guard !known.isEmpty else { return }
        let rows = known.map { placed -> [PostgresValue] in
            let time = placed.point.time.microseconds
            return [
                .int4(ids.series(placed.series) ?? 0), .timestamp(microsecondsSince1970: time),
                .bytes(HistogramCodec.encode([placed.point])),
            ]
        }
        for row in rows {
            _ = try connection.execute(
                """
                INSERT INTO weir_data.histogram (series, first, last, count, bytes)
                VALUES ($1, $2, $2, 1, $3)
                ON CONFLICT (series, first) DO UPDATE
                SET last = EXCLUDED.last, count = 1, bytes = EXCLUDED.bytes
                """, row)
        }
    }
}
