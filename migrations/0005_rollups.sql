-- Rollups: what series said in each five minutes or hour, kept when the samples are gone.

-- One row a series, day and kind of value; element n is the bucket that ends n steps after the day
-- began. `kind` is the step in seconds times 8, plus: 0 count, 1 min, 2 max, 3 sum, 4 first, 5 last,
-- 6 increase. Count and min are always there; what is missing follows from them: max, first and last
-- are min then, the sum is min times count, the increase nothing.
CREATE TABLE weir_data.rollup (
    base float8,
    slope float8,
    metric int4 NOT NULL,
    series int4 NOT NULL,
    kind int4 NOT NULL,
    win int4 NOT NULL,
    bytes bytea,
    exact float8[]
) PARTITION BY RANGE (win);
ALTER TABLE weir_data.rollup ALTER bytes SET STORAGE PLAIN;
ALTER TABLE weir_data.rollup ALTER exact SET STORAGE PLAIN;
COMMENT ON TABLE weir_data.rollup IS 'Coarse values of series, in the form of chunks; a partition a month.';

-- The days whose rollups are made, and by which rules.
CREATE TABLE weir_data.rolled (
    start timestamptz PRIMARY KEY,
    made timestamptz NOT NULL,
    rules text NOT NULL,
    steps int4[] NOT NULL
);

CREATE VIEW weir.rollup AS
    WITH row AS (
        SELECT c.metric, c.series, c.kind / 8 AS step, c.win,
            c.base AS c_base, c.slope AS c_slope, c.bytes AS c_bytes, c.exact AS c_exact,
            m.base AS m_base, m.slope AS m_slope, m.bytes AS m_bytes, m.exact AS m_exact
        FROM weir_data.rollup c
        JOIN weir_data.rollup m ON m.metric = c.metric AND m.series = c.series
            AND m.win = c.win AND m.kind = c.kind + 1
        WHERE c.kind & 7 = 0)
    SELECT to_timestamp(r.win + 946684800.0 + n * r.step) AS time, name.name AS metric,
        r.step * interval '1 second' AS every, v.count::int8, v.min,
        CASE WHEN x.kind IS NULL THEN v.min
            ELSE weir_data.value_at(x.base, x.slope, x.bytes, x.exact, n) END AS max,
        CASE WHEN t.kind IS NULL THEN v.min * v.count
            ELSE weir_data.value_at(t.base, t.slope, t.bytes, t.exact, n) END AS sum,
        CASE WHEN f.kind IS NULL THEN v.min
            ELSE weir_data.value_at(f.base, f.slope, f.bytes, f.exact, n) END AS first,
        CASE WHEN l.kind IS NULL THEN v.min
            ELSE weir_data.value_at(l.base, l.slope, l.bytes, l.exact, n) END AS last,
        CASE WHEN i.kind IS NULL THEN 0
            ELSE weir_data.value_at(i.base, i.slope, i.bytes, i.exact, n) END AS increase,
        s.labels, s.labels ->> 'job' AS job, s.labels ->> 'instance' AS instance
    FROM row r
    JOIN weir_data.series s ON s.id = r.series
    JOIN weir_data.metric name ON name.id = r.metric
    LEFT JOIN weir_data.rollup x ON x.metric = r.metric AND x.series = r.series
        AND x.win = r.win AND x.kind = r.step * 8 + 2
    LEFT JOIN weir_data.rollup t ON t.metric = r.metric AND t.series = r.series
        AND t.win = r.win AND t.kind = r.step * 8 + 3
    LEFT JOIN weir_data.rollup f ON f.metric = r.metric AND f.series = r.series
        AND f.win = r.win AND f.kind = r.step * 8 + 4
    LEFT JOIN weir_data.rollup l ON l.metric = r.metric AND l.series = r.series
        AND l.win = r.win AND l.kind = r.step * 8 + 5
    LEFT JOIN weir_data.rollup i ON i.metric = r.metric AND i.series = r.series
        AND i.win = r.win AND i.kind = r.step * 8 + 6
    CROSS JOIN LATERAL generate_series(1, 86400 / r.step) n
    CROSS JOIN LATERAL (
        SELECT weir_data.value_at(r.c_base, r.c_slope, r.c_bytes, r.c_exact, n) AS count,
            weir_data.value_at(r.m_base, r.m_slope, r.m_bytes, r.m_exact, n) AS min) v
    WHERE v.count IS NOT NULL;
COMMENT ON VIEW weir.rollup IS
    'What series said in each five minutes or hour before `time`; kept after the samples are gone.';

DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'weir_reader') THEN
        GRANT SELECT ON weir.rollup TO weir_reader;
    END IF;
END
$$;
