-- What a person reads: samples in every form, scrapes, alerts, and a view for each metric that has
-- its labels as columns.

-- The same as before, but understood once and for all: a reader has no right to look up names in
-- weir_data when a text is read.
CREATE OR REPLACE FUNCTION weir_data.framed(
    base float8, slope float8, bytes bytea, n int
) RETURNS float8
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE
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
    END;

CREATE OR REPLACE FUNCTION weir_data.value_at(
    base float8, slope float8, bytes bytea, exact float8[], n int
) RETURNS float8
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE
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
    END;

-- Element n of a chunk is looked at again only where the chunk may have gaps.
CREATE FUNCTION weir_data.has_value(
    base float8, slope float8, bytes bytea, exact float8[], n int
) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN exact IS NULL AND (bytes IS NULL OR get_byte(bytes, 0) < 16)
        OR weir_data.value_at(base, slope, bytes, exact, n) IS NOT NULL;

-- Whether a value of the hot or late rows is one to show: neither nothing nor the end of a series.
CREATE FUNCTION weir_data.is_shown(value float8) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT value <> 'NaN' OR float8send(value) <> '\x7ff0000000000002'
$$;

-- The three forms of samples as one query. Each part has its own join with the series, so that the
-- conditions of whoever asks reach the indexes. `metric` is a number, or NULL for all metrics;
-- `columns` are expressions of the series s and the metric m.
CREATE FUNCTION weir_data.sample_query(metric int, columns text) RETURNS text
    LANGUAGE sql IMMUTABLE AS $$
    SELECT format(
        'SELECT t.time, %2$s, weir_data.value_at(c.base, c.slope, c.bytes, c.exact, t.n) AS value %1$s
            FROM weir_data.chunk c
            JOIN weir_data.tick t ON t.clock = c.clock AND t.win = c.win
            JOIN weir_data.series s ON s.id = c.series %3$s
            WHERE %4$s AND weir_data.has_value(c.base, c.slope, c.bytes, c.exact, t.n)
                AND (NOT EXISTS (SELECT FROM weir_data.late) OR NOT EXISTS (
                    SELECT FROM weir_data.late l WHERE l.series = c.series AND l.time = t.time))
        UNION ALL
        SELECT h.time, %2$s, h.values[p.position + 1] %1$s
            FROM weir_data.series s
            JOIN weir_data.placement p ON p.series = s.id
            JOIN weir_data.scrape h ON h.tile = p.tile %3$s
            WHERE %5$s AND h.time >= (SELECT sealed FROM weir_data.horizon)
                AND weir_data.is_shown(h.values[p.position + 1])
                AND (NOT EXISTS (SELECT FROM weir_data.late) OR NOT EXISTS (
                    SELECT FROM weir_data.late l WHERE l.series = s.id AND l.time = h.time))
        UNION ALL
        SELECT l.time, %2$s, l.value %1$s
            FROM weir_data.late l JOIN weir_data.series s ON s.id = l.series %3$s
            WHERE %5$s AND weir_data.is_shown(l.value)',
        columns,
        CASE WHEN metric IS NULL THEN 'm.name AS metric' ELSE metric || ' AS metric' END,
        CASE WHEN metric IS NULL THEN 'JOIN weir_data.metric m ON m.id = s.metric' ELSE '' END,
        CASE WHEN metric IS NULL THEN 'm.id = c.metric AND m.id > 0'
            ELSE 'c.metric = ' || metric END,
        CASE WHEN metric IS NULL THEN 'true' ELSE 's.metric = ' || metric END)
$$;

DO $$
BEGIN
    EXECUTE 'CREATE OR REPLACE VIEW weir.sample AS '
        || 'SELECT time, metric, value, labels, job, instance FROM ('
        || weir_data.sample_query(NULL, ', s.labels, s.labels ->> ''job'' AS job, '
            || 's.labels ->> ''instance'' AS instance')
        || ') d';
END
$$;
DROP VIEW weir_data.sample;

-- Each scrape with what Weir itself said of it.
CREATE VIEW weir.scrape AS
    SELECT time, job, instance,
        (max(value) FILTER (WHERE metric = 'up'))::int = 1 AS up,
        max(value) FILTER (WHERE metric = 'scrape_duration_seconds') AS duration_s,
        max(value) FILTER (WHERE metric = 'scrape_samples_scraped') AS samples,
        max(value) FILTER (WHERE metric = 'scrape_samples_post_metric_relabeling') AS samples_kept,
        max(value) FILTER (WHERE metric = 'scrape_series_added') AS series_added,
        max(value) FILTER (WHERE metric = 'scrape_body_size_bytes') AS body_bytes,
        max(value) FILTER (WHERE metric = 'scrape_timeout_seconds') AS timeout_s,
        max(value) FILTER (WHERE metric = 'scrape_sample_limit') AS sample_limit,
        labels
    FROM weir.sample
    WHERE metric IN ('up', 'scrape_duration_seconds', 'scrape_samples_scraped',
        'scrape_samples_post_metric_relabeling', 'scrape_series_added', 'scrape_body_size_bytes',
        'scrape_timeout_seconds', 'scrape_sample_limit')
    GROUP BY time, job, instance, labels;
COMMENT ON VIEW weir.scrape IS 'Each scrape: when, of what, how long it took, what it brought.';

CREATE VIEW weir.alert AS
    SELECT time, labels ->> 'alertname' AS alert, labels ->> 'alertstate' AS state,
        labels - 'alertname' - 'alertstate' AS labels, job, instance
    FROM weir.sample WHERE metric = 'ALERTS' AND value = 1;
COMMENT ON VIEW weir.alert IS 'Which alert was pending or firing, at each evaluation of its rule.';

-- MARK: A view for each metric.

-- Which views there should be: the patterns are names with * and ?; `limit` is for all together.
CREATE TABLE weir_data.metric_view_rule (
    pattern text PRIMARY KEY,
    "limit" int NOT NULL DEFAULT 500
);
COMMENT ON TABLE weir_data.metric_view_rule IS 'Metrics that get a view without being asked for.';

-- The views that there are, with the labels that they have as columns.
CREATE TABLE weir_data.metric_view (
    metric int PRIMARY KEY REFERENCES weir_data.metric ON DELETE CASCADE,
    name text NOT NULL UNIQUE,
    columns text[] NOT NULL DEFAULT '{}',
    labels text[] NOT NULL DEFAULT '{}',
    -- The newest series that was looked at.
    seen int4 NOT NULL DEFAULT 0
);

-- A name that fits: PostgreSQL cuts what is longer than 63 bytes.
CREATE FUNCTION weir_data.short_name(name text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN octet_length(name) <= 63 THEN name ELSE
        left(convert_from(substr(convert_to(regexp_replace(name, '[^ -~]', '_', 'g'), 'UTF8'), 1, 54),
            'UTF8'), 54) || '_' || left(md5(name), 8) END
$$;

-- Makes the view of a metric, or gives it the labels that it lacks; says whether anything was done.
--
-- New columns come behind the old ones, so that the view is replaced and nobody who uses it has to
-- look again. It needs the view for a moment alone and does not wait for that: who reads it now goes
-- on, and the next time brings the column.
CREATE FUNCTION weir_data.keep_metric_view(metric int) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    old weir_data.metric_view;
    metric_name text;
    added text[];
    columns text[];
    last int;
    short text;
    sql text := ', s.labels, s.labels ->> ''job'' AS job, s.labels ->> ''instance'' AS instance';
    list text := 'time, value, labels, job, instance';
BEGIN
    SELECT m.name INTO metric_name FROM weir_data.metric m WHERE m.id = metric AND m.id > 0;
    IF metric_name IS NULL THEN RETURN false; END IF;
    SELECT * INTO old FROM weir_data.metric_view v WHERE v.metric = keep_metric_view.metric;
    SELECT max(s.id), array_agg(DISTINCT k ORDER BY k) FILTER (WHERE
            k NOT IN ('job', 'instance') AND NOT k = ANY (coalesce(old.labels, '{}')))
        INTO last, added
        FROM weir_data.series s LEFT JOIN LATERAL jsonb_object_keys(s.labels) k ON true
        WHERE s.metric = keep_metric_view.metric 
            -- Numbers may become visible a little out of order.
            AND s.id > coalesce(old.seen, 0) - 10000;
    IF old.metric IS NOT NULL AND added IS NULL THEN
        UPDATE weir_data.metric_view v SET seen = greatest(seen, last)
            WHERE v.metric = old.metric AND last > seen;
        RETURN false;
    END IF;
    added := coalesce(old.labels, '{}') || added;
    -- A label may have the name of a column that is there, or two may be cut to one.
    columns := coalesce(old.columns, '{}');
    FOR i IN cardinality(columns) + 1..cardinality(added) LOOP
        short := weir_data.short_name(added[i]);
        IF short = ANY ('{time,value,labels,job,instance}') THEN short := 'label_' || short; END IF;
        IF short = ANY (columns) THEN short := weir_data.short_name(short || '_' || i); END IF;
        columns := columns || short;
    END LOOP;
    SELECT sql || coalesce(string_agg(format(', s.labels ->> %L AS %I', l, c), '' ORDER BY o), ''),
            list || coalesce(string_agg(format(', %I', c), '' ORDER BY o), '')
        INTO sql, list FROM unnest(added, columns) WITH ORDINALITY AS u(l, c, o);
    BEGIN
        EXECUTE format('CREATE OR REPLACE VIEW metric.%I AS SELECT %s FROM (%s) d',
            weir_data.short_name(metric_name), list, weir_data.sample_query(metric, sql));
        IF old.metric IS NULL THEN
            EXECUTE format('COMMENT ON VIEW metric.%I IS %L', weir_data.short_name(metric_name),
                (SELECT coalesce(nullif(help, ''), metric_name) FROM weir.metric w
                    WHERE w.metric = metric_name));
            PERFORM weir_data.publish(
                format('metric.%I', weir_data.short_name(metric_name))::regclass);
        END IF;
    EXCEPTION WHEN lock_not_available THEN
        RETURN false;
    END;
    INSERT INTO weir_data.metric_view AS v
        VALUES (metric, weir_data.short_name(metric_name), columns, added, coalesce(last, 0))
        ON CONFLICT ON CONSTRAINT metric_view_pkey DO UPDATE
        SET columns = excluded.columns, labels = excluded.labels, seen = greatest(v.seen, excluded.seen);
    RETURN true;
END
$$ SET lock_timeout = '20ms';

-- Brings all views in step: makes those that the rules ask for, adds labels, drops those of metrics
-- that are gone. Says how many it touched. Weir calls it now and then.
CREATE FUNCTION weir_data.keep_metric_views() RETURNS int LANGUAGE plpgsql AS $$
DECLARE
    found record;
    touched int := 0;
BEGIN
    FOR found IN
        SELECT v.metric AS id FROM weir_data.metric_view v
        UNION
        SELECT w.id FROM (
            SELECT m.id, r."limit", row_number() OVER (PARTITION BY r.pattern ORDER BY m.id) AS place
            FROM weir_data.metric_view_rule r JOIN weir_data.metric m ON m.id > 0
                AND m.name LIKE replace(replace(replace(replace(replace(r.pattern,
                    '\', '\\'), '_', '\_'), '%', '\%'), '*', '%'), '?', '_')) w
        WHERE w.place <= w."limit"
        ORDER BY 1
    LOOP
        IF weir_data.keep_metric_view(found.id) THEN touched := touched + 1; END IF;
    END LOOP;
    FOR found IN
        SELECT c.relname FROM pg_class c
        WHERE c.relnamespace = 'metric'::regnamespace AND c.relkind = 'v'
            AND NOT EXISTS (SELECT FROM weir_data.metric_view v WHERE v.name = c.relname)
    LOOP
        BEGIN
            EXECUTE format('DROP VIEW metric.%I', found.relname);
            touched := touched + 1;
        EXCEPTION WHEN lock_not_available OR dependent_objects_still_exist THEN
            -- Somebody reads it, or has built on it.
            NULL;
        END;
    END LOOP;
    RETURN touched;
END
$$ SET lock_timeout = '20ms';

-- For people: the view of a metric, made now.
CREATE FUNCTION weir.make_metric_view(metric text) RETURNS regclass LANGUAGE plpgsql AS $$
DECLARE
    number int := (SELECT m.id FROM weir_data.metric m WHERE m.name = make_metric_view.metric);
BEGIN
    IF number IS NULL THEN
        RAISE EXCEPTION 'there is no metric %', quote_literal(metric) USING ERRCODE = '42704',
            HINT = 'SELECT metric FROM weir.metric ORDER BY 1 lists them.';
    END IF;
    PERFORM weir_data.keep_metric_view(number);
    RETURN format('metric.%I', weir_data.short_name(metric))::regclass;
END
$$;

-- For people: views for all metrics whose names fit a pattern with * and ?, now and later.
CREATE FUNCTION weir.make_metric_views(pattern text, "limit" int DEFAULT 500) RETURNS int
    LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO weir_data.metric_view_rule AS r VALUES (pattern, "limit")
        ON CONFLICT ON CONSTRAINT metric_view_rule_pkey DO UPDATE SET "limit" = excluded."limit";
    RETURN weir_data.keep_metric_views();
END
$$;
REVOKE EXECUTE ON FUNCTION weir_data.keep_metric_view, weir_data.keep_metric_views,
    weir.make_metric_view, weir.make_metric_views FROM PUBLIC;

CREATE FUNCTION weir_data.publish_all() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM weir_data.publish(c.oid::regclass) FROM pg_class c
        WHERE c.relnamespace IN ('weir'::regnamespace, 'metric'::regnamespace) AND c.relkind = 'v';
END
$$;
REVOKE EXECUTE ON FUNCTION weir_data.publish_all FROM PUBLIC;
SELECT weir_data.publish_all();

-- MARK: Time.

CREATE FUNCTION weir_data.seconds_of(bucket text) RETURNS interval
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT bucket::interval';

-- The beginning of the bucket that an instant is in, as Grafana's TimescaleDB toggle asks for it.
CREATE FUNCTION weir.time_bucket(bucket interval, "time" timestamptz) RETURNS timestamptz
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
    $$SELECT date_bin(bucket, "time", timestamptz '1970-01-01 00:00:00+00')$$;
CREATE FUNCTION weir.time_bucket(bucket text, "time" timestamptz) RETURNS timestamptz
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN date_bin(weir_data.seconds_of(bucket), "time", timestamptz '1970-01-01 00:00:00+00');
