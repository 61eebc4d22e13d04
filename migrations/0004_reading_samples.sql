-- Samples for people: what chunks hold, element by element, and views that unite every form.

-- The whole number that follows the head of a chunk's bytes at `at`, `width` bytes wide.
CREATE FUNCTION weir_data.residual(bytes bytea, width int, at int) RETURNS float8
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE width
        WHEN 0 THEN 0
        WHEN 1 THEN get_byte(bytes, at)
        WHEN 2 THEN get_byte(bytes, at) * 256 + get_byte(bytes, at + 1)
        WHEN 3 THEN get_byte(bytes, at) * 65536 + get_byte(bytes, at + 1) * 256
            + get_byte(bytes, at + 2)
        WHEN 4 THEN get_byte(bytes, at) * 16777216::float8 + (get_byte(bytes, at + 1) * 65536
            + get_byte(bytes, at + 2) * 256 + get_byte(bytes, at + 3))
        WHEN 5 THEN (get_byte(bytes, at) * 256 + get_byte(bytes, at + 1)) * 16777216::float8
            + (get_byte(bytes, at + 2) * 65536 + get_byte(bytes, at + 3) * 256
            + get_byte(bytes, at + 4))
        ELSE (get_byte(bytes, at) * 65536 + get_byte(bytes, at + 1) * 256
            + get_byte(bytes, at + 2)) * 16777216::float8 + (get_byte(bytes, at + 3) * 65536
            + get_byte(bytes, at + 4) * 256 + get_byte(bytes, at + 5))
    END::float8
$$;

-- What the whole numbers of a chunk are divided by: 0 is one, 1 to 22 are powers of ten, from 64 on
-- powers of two that make them larger, from 128 on powers of two that make them smaller.
CREATE FUNCTION weir_data.divisor(scale int) RETURNS float8
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE
        WHEN scale < 64 THEN ('{1,1e1,1e2,1e3,1e4,1e5,1e6,1e7,1e8,1e9,1e10,1e11,1e12,1e13,1e14,'
            '1e15,1e16,1e17,1e18,1e19,1e20,1e21,1e22}'::float8[])[scale + 1]
        WHEN scale < 128 THEN power(2::float8, 64 - scale)
        ELSE power(2::float8, scale - 128)
    END
$$;

-- Element `n` of a chunk whose bytes have a long head. A residual of all ones stands for nothing, one
-- less for a stale marker; without a residual the ticks in between are all there.
CREATE FUNCTION weir_data.framed(
    base float8, slope float8, bytes bytea, n int
) RETURNS float8
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE
        WHEN slope IS NULL AND get_byte(bytes, 0) & 7 = 0 THEN coalesce(base, 0)
        ELSE (coalesce(base, 0) + coalesce(slope, 0) * (n - 1)
            + nullif(nullif(
                weir_data.residual(bytes, get_byte(bytes, 0) & 7,
                    6 + (get_byte(bytes, 0) & 7)
                    * (n - get_byte(bytes, 2) * 256 - get_byte(bytes, 3))),
                ('{255,65535,16777215,4294967295,1099511627775,281474976710655}'::float8[])
                    [get_byte(bytes, 0) & 7]),
                ('{254,65534,16777214,4294967294,1099511627774,281474976710654}'::float8[])
                    [get_byte(bytes, 0) & 7])
            ) / weir_data.divisor(get_byte(bytes, 1))
    END
$$;

-- Element `n` of a chunk, or NULL where the series said nothing or ended.
--
-- A chunk without bytes is a line. One below 16 in its first byte has a residual for each tick right
-- behind a head of two bytes: width and scale. The others have a head of six, which also says from
-- which tick and to which one the chunk reaches.
CREATE FUNCTION weir_data.value_at(
    base float8, slope float8, bytes bytea, exact float8[], n int
) RETURNS float8
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE
        WHEN exact IS NOT NULL THEN
            CASE WHEN exact[n] <> 'NaN' OR float8send(exact[n]) <> '\x7ff0000000000002'
            THEN exact[n] END
        WHEN bytes IS NULL THEN
            CASE WHEN slope IS NULL THEN coalesce(base, 0)
            ELSE coalesce(base, 0) + slope * (n - 1) END
        WHEN get_byte(bytes, 0) < 16 THEN
            (coalesce(base, 0) + coalesce(slope, 0) * (n - 1)
            + weir_data.residual(
                bytes, get_byte(bytes, 0), 2 + get_byte(bytes, 0) * (n - 1)))
            / weir_data.divisor(get_byte(bytes, 1))
        WHEN n >= get_byte(bytes, 2) * 256 + get_byte(bytes, 3)
            AND n <= get_byte(bytes, 4) * 256 + get_byte(bytes, 5)
        THEN weir_data.framed(base, slope, bytes, n)
    END
$$;

CREATE VIEW weir.metric AS
    SELECT m.name AS metric, d.type, d.unit, d.help
    FROM weir_data.metric m
    LEFT JOIN LATERAL (
        SELECT type, unit, help FROM weir_data.metadata d
        WHERE d.until = 'infinity' AND d.family IN (
            m.name, regexp_replace(m.name, '_(total|sum|count|bucket|created|info)$', ''))
        ORDER BY length(d.family) DESC, d.since DESC LIMIT 1) d ON true
    WHERE m.id > 0;
COMMENT ON VIEW weir.metric IS 'Every metric: its type, unit and description.';

CREATE VIEW weir.series AS
    SELECT s.id, m.name AS metric, s.labels, s.labels ->> 'job' AS job,
        s.labels ->> 'instance' AS instance
    FROM weir_data.series s JOIN weir_data.metric m ON m.id = s.metric;
COMMENT ON VIEW weir.series IS 'Every series that said something within the retention.';

CREATE VIEW weir.target AS
    SELECT id, name AS job, place AS url, labels, labels ->> 'instance' AS instance,
        interval_ms / 1000.0::float8 AS interval_s, opened
    FROM weir_data.clock WHERE kind = 'scrape';
COMMENT ON VIEW weir.target IS 'Every target that was scraped.';

-- Every sample in whichever form it is kept, with the number of its series. Late samples go first.
CREATE VIEW weir_data.sample AS
    SELECT t.time, c.metric, c.series,
        weir_data.value_at(c.base, c.slope, c.bytes, c.exact, t.n) AS value
    FROM weir_data.chunk c JOIN weir_data.tick t ON t.clock = c.clock AND t.win = c.win
    WHERE c.metric > 0
        AND (c.bytes IS NULL AND c.exact IS NULL
            OR weir_data.value_at(c.base, c.slope, c.bytes, c.exact, t.n) IS NOT NULL)
        AND (NOT EXISTS (SELECT FROM weir_data.late) OR NOT EXISTS (
            SELECT FROM weir_data.late l WHERE l.series = c.series AND l.time = t.time))
    UNION ALL
    SELECT h.time, s.metric, s.id, h.values[p.position + 1]
    FROM weir_data.scrape h
    JOIN weir_data.placement p ON p.tile = h.tile
    JOIN weir_data.series s ON s.id = p.series
    WHERE h.time >= (SELECT sealed FROM weir_data.horizon)
        AND (h.values[p.position + 1] <> 'NaN'
            OR float8send(h.values[p.position + 1]) <> '\x7ff0000000000002')
        AND (NOT EXISTS (SELECT FROM weir_data.late) OR NOT EXISTS (
            SELECT FROM weir_data.late l WHERE l.series = s.id AND l.time = h.time))
    UNION ALL
    SELECT l.time, s.metric, s.id, l.value
    FROM weir_data.late l JOIN weir_data.series s ON s.id = l.series
    WHERE l.value <> 'NaN' OR float8send(l.value) <> '\x7ff0000000000002';

CREATE VIEW weir.sample AS
    SELECT d.time, m.name AS metric, d.value, s.labels, s.labels ->> 'job' AS job,
        s.labels ->> 'instance' AS instance
    FROM weir_data.sample d
    JOIN weir_data.series s ON s.id = d.series
    JOIN weir_data.metric m ON m.id = d.metric;
COMMENT ON VIEW weir.sample IS
    'Every sample: hot, sealed and late ones, each once, without the ends of series.';

DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'weir_reader') THEN
        GRANT SELECT ON weir.metric, weir.series, weir.target, weir.sample TO weir_reader;
    END IF;
END
$$;
