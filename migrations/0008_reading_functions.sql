-- Questions over time, answered as PromQL answers them: weir.range, rate, increase, delta, last and
-- histogram_quantile. They read chunks as arrays, a window at a time, and not sample by sample.

CREATE AGGREGATE weir_data.concat(float8[]) (sfunc = array_cat, stype = float8[]);

-- Milliseconds since 1970, whole.
CREATE FUNCTION weir_data.milliseconds(t timestamptz) RETURNS float8
    LANGUAGE sql STABLE PARALLEL SAFE AS $$SELECT round(date_part('epoch', t) * 1000)$$;
CREATE FUNCTION weir_data.instant(ms float8) RETURNS timestamptz
    LANGUAGE sql STABLE PARALLEL SAFE AS $$SELECT to_timestamp(ms / 1000)$$;

-- Whether a series ended at element n, for which `value_at` is NULL.
CREATE FUNCTION weir_data.ends_at(bytes bytea, exact float8[], n int) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE
        WHEN exact IS NOT NULL THEN exact[n] IS NOT NULL AND NOT weir_data.is_shown(exact[n])
        WHEN bytes IS NULL OR get_byte(bytes, 0) < 16 THEN false
        WHEN n = get_byte(bytes, 4) * 256 + get_byte(bytes, 5) + 1 THEN
            get_byte(bytes, 0) & 32 = 32
        WHEN get_byte(bytes, 0) & 7 = 0 OR n < get_byte(bytes, 2) * 256 + get_byte(bytes, 3)
            OR n > get_byte(bytes, 4) * 256 + get_byte(bytes, 5) THEN false
        ELSE weir_data.residual(bytes, get_byte(bytes, 0) & 7,
                6 + (get_byte(bytes, 0) & 7) * (n - get_byte(bytes, 2) * 256 - get_byte(bytes, 3)))
            = ('{254,65534,16777214,4294967294,1099511627774,281474976710654}'::float8[])
                [get_byte(bytes, 0) & 7]
    END
$$;

-- SQL on the series s and the metric m that says what matchers say, as far as possible in a form
-- that indexes answer.
CREATE FUNCTION weir_data.condition(matchers jsonb) RETURNS text
    LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(string_agg(CASE
        WHEN x.name = '__name__' THEN format('m.name %s %L', o.sql, x.value)
        WHEN x.op = '=' AND x.value = '' THEN format('coalesce(s.labels ->> %L, '''') = ''''', x.name)
        WHEN x.op = '=' THEN format('s.labels @> %L::jsonb', jsonb_build_object(x.name, x.value))
        ELSE format('coalesce(s.labels ->> %L, '''') %s %L', x.name, o.sql, x.value) END, ' AND '),
        'true')
    FROM jsonb_to_recordset(matchers) AS x(name text, op text, value text)
    JOIN (VALUES ('=', '='), ('!=', '<>'), ('=~', '~'), ('!~', '!~')) AS o(op, sql) USING (op)
$$;

-- What the series of a selector said from one instant to another, both of them included, as columns
-- in the order of time, each instant once. A NULL among the values is the end of the series.
--
-- It reads with Weir's own rights and holds to the binding of whoever asks by itself.
CREATE FUNCTION weir_data.columns(
    selector text, first float8, last float8,
    OUT metric text, OUT labels jsonb, OUT times float8[], OUT vals float8[]
) RETURNS SETOF record LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 200
    SET search_path = pg_catalog, pg_temp SET work_mem = '64MB' SET jit = off
    SET enable_partitionwise_join = off AS $$
DECLARE
    matchers jsonb := weir_data.matchers(selector) || coalesce(weir_data.bound(), '[]');
    metrics int[];
    -- Windows end with the day in UTC, so what reaches into the range began on its first day or
    -- later.
    first_win int8 := floor(first / 86400000) * 86400 - 946684800;
    last_win int8 := floor(last / 1000) - 946684800;
BEGIN
    IF weir_data.matchers(selector) = '[]' THEN
        RAISE EXCEPTION 'a selector needs at least one matcher' USING ERRCODE = '22023',
            HINT = 'Write one such as node_load1{instance=~"db.*", job="node"}.';
    END IF;
    -- As numbers in the text of the query, so that the planner knows how many chunks there are.
    EXECUTE format('SELECT array_agg(m.id) FROM weir_data.metric m WHERE m.id > 0 AND %s',
        weir_data.condition((SELECT coalesce(jsonb_agg(x), '[]') FROM jsonb_array_elements(matchers) x
            WHERE x ->> 'name' = '__name__'))) INTO metrics;
    IF metrics IS NULL THEN RETURN; END IF;
    first_win := greatest(first_win, -2147483648);
    last_win := least(last_win, 2147483647);
    RETURN QUERY EXECUTE format($query$
        WITH found AS MATERIALIZED (
            SELECT s.id, s.metric, s.labels, m.name
            FROM weir_data.series s JOIN weir_data.metric m ON m.id = s.metric
            WHERE s.metric = ANY (%8$L::int[]) AND %1$s
        ), chunks AS MATERIALIZED (
            SELECT c.* FROM found f
            JOIN weir_data.chunk c ON c.series = f.id AND c.metric = ANY (%8$L::int[])
            WHERE c.win BETWEEN %4$s AND %5$s
        ), instants AS MATERIALIZED (
            -- The ticks of each window, counted from 1, and which of them are asked for.
            SELECT clock, win, t, width_bucket(%2$s - 0.5, t) + 1 AS lo, width_bucket(%3$s, t) AS hi
            FROM (
                SELECT k.clock, k.win, CASE
                    WHEN i.exact IS NOT NULL THEN i.exact
                    WHEN get_byte(i.bytes, 0) = 16 THEN ARRAY(
                        SELECT (i.base + coalesce(i.slope, 0) * n)
                            / weir_data.divisor(get_byte(i.bytes, 1))
                        FROM generate_series(0, get_byte(i.bytes, 4) * 256
                            + get_byte(i.bytes, 5) - 1) n)
                    ELSE ARRAY(
                        SELECT weir_data.framed(i.base, i.slope, i.bytes, n)
                        FROM generate_series(1, get_byte(i.bytes, 4) * 256
                            + get_byte(i.bytes, 5)) n) END AS t
                FROM (SELECT DISTINCT clock, win FROM chunks) k
                JOIN weir_data.chunk i ON i.metric = 0 AND i.series = k.clock AND i.clock = k.clock
                    AND i.win = k.win
                WHERE i.win BETWEEN %4$s AND %5$s
                    AND NOT (i.exact IS NULL AND get_byte(i.bytes, 0) = 16
                        AND (i.base + coalesce(i.slope, 0) * (get_byte(i.bytes, 4) * 256
                            + get_byte(i.bytes, 5) - 1)) / weir_data.divisor(get_byte(i.bytes, 1))
                            < %2$s)
                OFFSET 0) w
        ), pieces AS MATERIALIZED (
            SELECT x.series, 0 AS rank, x.clock,
                CASE WHEN x.kind = 9 THEN g.t WHEN x.hi - x.lo + 1 = cardinality(x.t) THEN x.t
                    ELSE x.t[x.lo:x.hi] END AS t,
                CASE x.kind
                    WHEN 0 THEN array_fill(x.b, ARRAY[x.hi - x.lo + 1])
                    WHEN 1 THEN ARRAY(SELECT (x.b + x.s * (n - 1)) / x.d
                        FROM generate_series(x.lo, x.hi) n)
                    WHEN 2 THEN ARRAY(SELECT (x.b + x.s * (n - 1) + get_byte(x.bytes, n + 1)) / x.d
                        FROM generate_series(x.lo, x.hi) n)
                    WHEN 3 THEN ARRAY(SELECT (x.b + x.s * (n - 1) + (get_byte(x.bytes, 2 * n) * 256
                            + get_byte(x.bytes, 2 * n + 1))) / x.d
                        FROM generate_series(x.lo, x.hi) n)
                    WHEN 4 THEN ARRAY(SELECT (x.b + x.s * (n - 1) + (
                            get_byte(x.bytes, 3 * n - 1) * 65536 + get_byte(x.bytes, 3 * n) * 256
                            + get_byte(x.bytes, 3 * n + 1))) / x.d
                        FROM generate_series(x.lo, x.hi) n)
                    WHEN 5 THEN ARRAY(SELECT (x.b + x.s * (n - 1)
                            + weir_data.residual(x.bytes, x.width, 2 + x.width * (n - 1))) / x.d
                        FROM generate_series(x.lo, x.hi) n)
                    WHEN 6 THEN x.exact[x.lo:x.hi]
                    ELSE g.v END AS v
            FROM (
                SELECT c.series, c.clock, c.bytes, c.exact, i.t, i.lo, i.hi, c.base, c.slope,
                    coalesce(c.base, 0) AS b, coalesce(c.slope, 0) AS s,
                    get_byte(c.bytes, 0) & 7 AS width,
                    CASE WHEN c.bytes IS NULL THEN 1
                        ELSE weir_data.divisor(get_byte(c.bytes, 1)) END AS d,
                    CASE
                        WHEN c.exact IS NOT NULL THEN CASE
                            WHEN array_position(c.exact, NULL) IS NULL
                                AND array_position(c.exact, 'NaN') IS NULL THEN 6 ELSE 9 END
                        WHEN c.bytes IS NULL THEN CASE WHEN c.slope IS NULL THEN 0 ELSE 1 END
                        WHEN get_byte(c.bytes, 0) >= 16 THEN 9
                        WHEN get_byte(c.bytes, 0) <= 3 THEN get_byte(c.bytes, 0) + 1
                        ELSE 5 END AS kind
                FROM chunks c JOIN instants i ON i.clock = c.clock AND i.win = c.win
                WHERE i.hi >= i.lo
                OFFSET 0) x
            LEFT JOIN LATERAL (
                SELECT array_agg(x.t[e.n]) AS t, array_agg(e.v) AS v FROM (
                    SELECT n, weir_data.value_at(x.base, x.slope, x.bytes, x.exact, n) AS v
                    FROM generate_series(x.lo, CASE WHEN x.kind = 9 THEN x.hi ELSE x.lo - 1 END) n
                    OFFSET 0) e
                WHERE e.v IS NOT NULL OR weir_data.ends_at(x.bytes, x.exact, e.n)
            ) g ON true
            WHERE x.kind < 9 OR g.t IS NOT NULL
            UNION ALL
            SELECT h.series, 0, h.clock, array_agg(h.t), array_agg(h.v) FROM (
                SELECT p.series, k.clock, p.tile, p.position, weir_data.milliseconds(h.time) AS t,
                    CASE WHEN weir_data.is_shown(h.values[p.position + 1])
                        THEN h.values[p.position + 1] END AS v
                FROM found f
                JOIN weir_data.placement p ON p.series = f.id
                JOIN weir_data.tile k ON k.id = p.tile
                JOIN weir_data.scrape h ON h.tile = p.tile
                WHERE h.time >= (SELECT sealed FROM weir_data.horizon)
                    AND h.time BETWEEN %6$L AND %7$L AND h.values[p.position + 1] IS NOT NULL
                ORDER BY p.tile, p.position, h.time) h
            GROUP BY h.tile, h.position, h.series, h.clock
            UNION ALL
            SELECT l.series, 1, 0, array_agg(l.t), array_agg(l.v) FROM (
                SELECT l.series, weir_data.milliseconds(l.time) AS t,
                    CASE WHEN weir_data.is_shown(l.value) THEN l.value END AS v
                FROM found f JOIN weir_data.late l ON l.series = f.id
                WHERE l.time BETWEEN %6$L AND %7$L
                ORDER BY l.series, l.time) l
            GROUP BY l.series
        ), whole AS MATERIALIZED (
            SELECT p.series, bool_or(p.overlaps) AS is_mixed, weir_data.concat(p.t ORDER BY p.t[1]) AS t,
                weir_data.concat(p.v ORDER BY p.t[1]) AS v
            FROM (SELECT *, coalesce(pieces.t[1] <= lag(pieces.t[cardinality(pieces.t)]) OVER (
                    PARTITION BY series ORDER BY pieces.t[1]), false) AS overlaps
                FROM pieces) p
            GROUP BY p.series
        ), mixed AS (
            SELECT d.series, array_agg(d.t ORDER BY d.t) AS t, array_agg(d.v ORDER BY d.t) AS v
            FROM (SELECT DISTINCT ON (p.series, u.t) p.series, u.t, u.v
                FROM whole w JOIN pieces p ON p.series = w.series, unnest(p.t, p.v) u(t, v)
                WHERE w.is_mixed
                ORDER BY p.series, u.t, p.rank DESC, p.clock DESC) d
            GROUP BY d.series
        )
        SELECT f.name, f.labels, coalesce(x.t, w.t), coalesce(x.v, w.v)
        FROM whole w JOIN found f ON f.id = w.series LEFT JOIN mixed x ON x.series = w.series
        $query$, weir_data.condition((SELECT coalesce(jsonb_agg(x), '[]')
            FROM jsonb_array_elements(matchers) x WHERE x ->> 'name' <> '__name__')), first, last, first_win, last_win,
        weir_data.instant(first), weir_data.instant(last), metrics);
END
$$;

-- The steps of a question in milliseconds: from and to are taken down to whole steps, as Grafana
-- does it for PromQL, so that a panel does not tremble when it is loaded again.
CREATE FUNCTION weir_data.steps(
    "from" timestamptz, "to" timestamptz, step interval,
    OUT first float8, OUT last float8, OUT width float8
) LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    width := round(date_part('epoch', step) * 1000);
    IF width IS NULL OR width < 1 THEN
        RAISE EXCEPTION 'a step is at least a millisecond' USING ERRCODE = '22023';
    END IF;
    first := floor(round(date_part('epoch', "from") * 1000) / width) * width;
    last := floor(round(date_part('epoch', "to") * 1000) / width) * width;
    IF (last - first) / width > 11000 THEN
        RAISE EXCEPTION 'more than 11000 steps' USING ERRCODE = '54000',
            HINT = 'Ask for a longer step, such as ''$__interval'' of Grafana.';
    END IF;
END
$$;

-- The columns without the ends of series, which functions of ranges do not see.
CREATE FUNCTION weir_data.plain_columns(
    selector text, first float8, last float8,
    OUT metric text, OUT labels jsonb, OUT times float8[], OUT vals float8[]
) RETURNS SETOF record LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 200
    SET search_path = pg_catalog, pg_temp SET work_mem = '64MB' AS $$
BEGIN
    RETURN QUERY
    SELECT c.metric, c.labels, coalesce(p.t, c.times), coalesce(p.v, c.vals)
    FROM (SELECT x.*, array_position(x.vals, NULL) IS NOT NULL AS ends
        FROM weir_data.columns(selector, first, last) x OFFSET 0) c
    LEFT JOIN LATERAL (
        SELECT array_agg(u.t) AS t, array_agg(u.v) AS v
        FROM unnest(CASE WHEN c.ends THEN c.times END, CASE WHEN c.ends THEN c.vals END) u(t, v)
        WHERE u.v IS NOT NULL
    ) p ON true
    WHERE NOT c.ends OR p.t IS NOT NULL;
END
$$;

-- The newest values of the selected series at each step, as PromQL's range query of the selector.
CREATE FUNCTION weir.range(
    selector text, "from" timestamptz, "to" timestamptz, step interval,
    lookback interval DEFAULT '5 minutes'
) RETURNS TABLE ("time" timestamptz, metric text, value float8, labels jsonb, job text, instance text)
    LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 20000
    SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    s record := weir_data.steps("from", "to", step);
    back float8 := round(date_part('epoch', lookback) * 1000);
BEGIN
    RETURN QUERY
    SELECT weir_data.instant(x.at), x.metric, x.vals[x.hi], x.labels, x.labels ->> 'job',
        x.labels ->> 'instance'
    FROM (SELECT c.metric, c.labels, c.times, c.vals, s.first + s.width * k AS at,
            width_bucket(s.first + s.width * k, c.times) AS hi
        FROM weir_data.columns(selector, s.first - back + 1, s.last) c,
            generate_series(0, ((s.last - s.first) / s.width)::int) k OFFSET 0) x
    WHERE x.hi > 0 AND x.times[x.hi] > x.at - back AND x.vals[x.hi] IS NOT NULL;
END
$$;

-- The last value of each range, as PromQL's last_over_time.
CREATE FUNCTION weir.last(
    selector text, "from" timestamptz, "to" timestamptz, step interval, "window" interval DEFAULT NULL
) RETURNS TABLE ("time" timestamptz, metric text, value float8, labels jsonb, job text, instance text)
    LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 20000
    SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    s record := weir_data.steps("from", "to", step);
    back float8 := round(date_part('epoch', coalesce("window", greatest(step, '5 minutes'))) * 1000);
BEGIN
    RETURN QUERY
    SELECT weir_data.instant(x.at), x.metric, x.vals[x.hi], x.labels, x.labels ->> 'job',
        x.labels ->> 'instance'
    FROM (SELECT c.metric, c.labels, c.times, c.vals, s.first + s.width * k AS at,
            width_bucket(s.first + s.width * k, c.times) AS hi
        FROM weir_data.plain_columns(selector, s.first - back + 1, s.last) c,
            generate_series(0, ((s.last - s.first) / s.width)::int) k OFFSET 0) x
    WHERE x.hi > 0 AND x.times[x.hi] > x.at - back;
END
$$;

-- What rate, increase and delta have in common: the difference over a range, stretched to its ends
-- as PromQL stretches it, in the same order of operations.
CREATE FUNCTION weir_data.differences(
    selector text, "from" timestamptz, "to" timestamptz, step interval, "window" interval,
    is_counter boolean, is_rate boolean
) RETURNS TABLE ("time" timestamptz, metric text, value float8, labels jsonb, job text, instance text)
    LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 20000
    SET search_path = pg_catalog, pg_temp SET work_mem = '64MB' AS $$
#variable_conflict use_column
DECLARE
    s record := weir_data.steps("from", "to", step);
    back float8 := round(date_part('epoch', coalesce("window", greatest(step, '5 minutes'))) * 1000);
BEGIN
    RETURN QUERY
    SELECT weir_data.instant(y.at), y.metric,
        y.difference * (CASE WHEN y.sampled = 0 THEN 1 ELSE (y.sampled + CASE
                WHEN is_counter AND y.difference > 0 AND y.difference <> 'NaN' AND y.head >= 0
                    AND y.sampled * (y.head / y.difference) < y.to_start
                THEN y.sampled * (y.head / y.difference) ELSE y.to_start END
            + CASE WHEN y.to_end >= y.average * 1.1 THEN y.average / 2 ELSE y.to_end END)
            / y.sampled END / CASE WHEN is_rate THEN back / 1000 ELSE 1 END),
        y.labels, y.labels ->> 'job', y.labels ->> 'instance'
    FROM (
        SELECT x.at, x.metric, x.labels, x.head, x.sampled, x.average, x.to_end,
            CASE WHEN x.to_start >= x.average * 1.1 THEN x.average / 2 ELSE x.to_start END AS to_start,
            CASE WHEN x.resets IS NULL THEN x.tail - x.head ELSE (
                SELECT sum(d) FROM (
                    SELECT x.tail - x.head AS d
                    UNION ALL SELECT x.vals[i - 1] FROM unnest(x.resets) i
                        WHERE i > x.lo AND i <= x.hi) e) END AS difference
        FROM (
            SELECT w.at, w.metric, w.labels, w.vals, w.resets, w.lo, w.hi, w.vals[w.lo] AS head,
                w.vals[w.hi] AS tail, (w.times[w.hi] - w.times[w.lo]) / 1000 AS sampled,
                (w.times[w.hi] - w.times[w.lo]) / 1000 / (w.hi - w.lo) AS average,
                (w.times[w.lo] - (w.at - back)) / 1000 AS to_start,
                (w.at - w.times[w.hi]) / 1000 AS to_end
            FROM (
                SELECT c.metric, c.labels, c.times, c.vals, c.resets, s.first + s.width * k AS at,
                    width_bucket(s.first + s.width * k - back, c.times) + 1 AS lo,
                    width_bucket(s.first + s.width * k, c.times) AS hi
                FROM (
                    SELECT p.*, CASE WHEN is_counter THEN (
                        SELECT array_agg(i) FROM generate_series(2, cardinality(p.vals)) i
                        WHERE p.vals[i] < p.vals[i - 1] AND p.vals[i - 1] <> 'NaN') END AS resets
                    FROM weir_data.plain_columns(selector, s.first - back + 1, s.last) p OFFSET 0) c,
                    generate_series(0, ((s.last - s.first) / s.width)::int) k
                OFFSET 0) w
            WHERE w.hi > w.lo
            OFFSET 0) x
        OFFSET 0) y;
END
$$;

CREATE FUNCTION weir.rate(
    selector text, "from" timestamptz, "to" timestamptz, step interval, "window" interval DEFAULT NULL
) RETURNS TABLE ("time" timestamptz, metric text, value float8, labels jsonb, job text, instance text)
    LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 20000
    SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN QUERY SELECT * FROM weir_data.differences(
        selector, "from", "to", step, "window", true, true);
END
$$;
CREATE FUNCTION weir.increase(
    selector text, "from" timestamptz, "to" timestamptz, step interval, "window" interval DEFAULT NULL
) RETURNS TABLE ("time" timestamptz, metric text, value float8, labels jsonb, job text, instance text)
    LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 20000
    SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN QUERY SELECT * FROM weir_data.differences(
        selector, "from", "to", step, "window", true, false);
END
$$;
CREATE FUNCTION weir.delta(
    selector text, "from" timestamptz, "to" timestamptz, step interval, "window" interval DEFAULT NULL
) RETURNS TABLE ("time" timestamptz, metric text, value float8, labels jsonb, job text, instance text)
    LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 20000
    SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN QUERY SELECT * FROM weir_data.differences(
        selector, "from", "to", step, "window", false, false);
END
$$;

-- The quantile of buckets that are ordered by their bounds, as PromQL estimates it.
CREATE FUNCTION weir_data.bucket_quantile(quantile float8, bounds float8[], counts float8[])
    RETURNS float8 LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    last int := cardinality(counts);
    before float8 := counts[1];
    count float8;
    rank float8;
    place int;
BEGIN
    IF quantile = 'NaN' THEN RETURN 'NaN'; END IF;
    IF quantile < 0 THEN RETURN '-Infinity'; END IF;
    IF quantile > 1 THEN RETURN 'Infinity'; END IF;
    IF last < 2 OR bounds[last] <> 'Infinity' THEN RETURN 'NaN'; END IF;
    -- Counts that fall, or differ by errors of rounding alone, are put right.
    FOR i IN 2..last LOOP
        count := counts[i];
        IF count = before THEN CONTINUE; END IF;
        IF count < before AND before <> 'NaN'
            OR before <> 0 AND count <> 0 AND abs(before) + abs(count) < 'Infinity'
                AND abs(before - count) / (abs(before) + abs(count)) < 1e-12
        THEN counts[i] := before;
        ELSE before := count; END IF;
    END LOOP;
    IF counts[last] = 0 THEN RETURN 'NaN'; END IF;
    rank := quantile * counts[last];
    place := last;
    FOR i IN 1..last - 1 LOOP
        IF counts[i] >= rank THEN place := i; EXIT; END IF;
    END LOOP;
    IF place = last THEN RETURN bounds[last - 1]; END IF;
    IF place = 1 AND bounds[1] <= 0 THEN RETURN bounds[1]; END IF;
    IF place = 1 AND counts[1] = 0 THEN RETURN 'NaN'; END IF;
    IF place = 1 THEN RETURN 0 + (bounds[1] - 0) * (rank / counts[1]); END IF;
    RETURN bounds[place - 1] + (bounds[place] - bounds[place - 1])
        * ((rank - counts[place - 1]) / (counts[place] - counts[place - 1]));
END
$$;

-- A text as the bound of a bucket, NULL where it is none.
CREATE FUNCTION weir_data.bound_of(le text) RETURNS float8 LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN le ~* '^[+-]?inf(inity)?$' THEN CASE WHEN le LIKE '-%' THEN '-Infinity'
            ELSE 'Infinity' END::float8
        WHEN le ~ '^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$' THEN le::float8 END
$$;

-- Labels in the order in which PromQL has series.
CREATE FUNCTION weir_data.sorted_labels(labels jsonb) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT string_agg(key || E'\001' || value, E'\001' ORDER BY key COLLATE "C")
    FROM jsonb_each_text(labels)
$$;

-- Quantiles of a classic histogram, as PromQL's histogram_quantile(quantile, rate(selector[window]));
-- with `by` the buckets are summed up before, as sum by (le, …) does it.
CREATE FUNCTION weir.histogram_quantile(
    quantile float8, selector text, "from" timestamptz, "to" timestamptz, step interval,
    "window" interval DEFAULT NULL, "by" text[] DEFAULT NULL
) RETURNS TABLE ("time" timestamptz, value float8, labels jsonb, job text, instance text)
    LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 5000
    SET search_path = pg_catalog, pg_temp SET work_mem = '64MB' AS $$
#variable_conflict use_column
DECLARE
    keep text[] := "by";
BEGIN
    RETURN QUERY
    WITH rates AS MATERIALIZED (
        SELECT d.time, d.value, d.labels - 'le' AS rest, d.labels,
            weir_data.bound_of(d.labels ->> 'le') AS bound
        FROM weir_data.differences(selector, "from", "to", step, "window", true, true) d
    ), kinds AS MATERIALIZED (
        SELECT l.labels, CASE WHEN keep IS NULL THEN l.rest ELSE (
                SELECT coalesce(jsonb_object_agg(key, value), '{}') FROM jsonb_each(l.rest)
                WHERE key = ANY (keep)) END AS kind,
            row_number() OVER (ORDER BY weir_data.sorted_labels(l.labels) COLLATE "C") AS place
        FROM (SELECT DISTINCT labels, rest FROM rates) l
    ), summed AS (
        -- Neumaier's sum, in the order of the series.
        SELECT x.time, x.kind, x.bound,
            (array_agg(x.total ORDER BY x.place DESC))[1] + coalesce(sum(CASE
                WHEN x.before IS NULL OR x.total IN ('Infinity', '-Infinity') THEN 0
                WHEN abs(x.before) >= abs(x.value) THEN (x.before - x.total) + x.value
                ELSE (x.value - x.total) + x.before END ORDER BY x.place), 0) AS count
        FROM (
            SELECT y.*, lag(y.total) OVER (
                PARTITION BY y.time, y.kind, y.bound ORDER BY y.place) AS before
            FROM (
                SELECT r.time, k.kind, r.bound, r.value, k.place, sum(r.value) OVER (
                    PARTITION BY r.time, k.kind, r.bound ORDER BY k.place) AS total
                FROM rates r JOIN kinds k ON k.labels = r.labels
                WHERE r.bound IS NOT NULL) y) x
        GROUP BY x.time, x.kind, x.bound
    )
    SELECT q.time, weir_data.bucket_quantile(quantile, q.bounds, q.counts), q.kind, q.kind ->> 'job',
        q.kind ->> 'instance'
    FROM (SELECT time, kind, array_agg(bound ORDER BY bound) AS bounds,
            array_agg(count ORDER BY bound) AS counts
        FROM summed GROUP BY time, kind) q;
END
$$;

-- When a series took which value, for how long: what annotations of target transitions are made of.
CREATE FUNCTION weir.changes(selector text, "from" timestamptz, "to" timestamptz)
    RETURNS TABLE ("time" timestamptz, timeend timestamptz, metric text, value float8,
        labels jsonb, job text, instance text)
    LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 100
    SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT weir_data.instant(min(r.t)), weir_data.instant(max(r.t)), r.metric, r.v, r.labels,
        r.labels ->> 'job', r.labels ->> 'instance'
    FROM (
        SELECT x.*, count(*) FILTER (WHERE x.is_new) OVER (
            PARTITION BY x.metric, x.labels ORDER BY x.t) AS run
        FROM (
            SELECT c.metric, c.labels, u.t, u.v, u.v IS DISTINCT FROM lag(u.v) OVER (
                PARTITION BY c.metric, c.labels ORDER BY u.t) AS is_new
            FROM weir_data.columns(selector, weir_data.milliseconds("from"),
                weir_data.milliseconds("to")) c, unnest(c.times, c.vals) u(t, v)) x) r
    WHERE r.v IS NOT NULL
    GROUP BY r.metric, r.labels, r.run, r.v;
END
$$;
