-- Who says something: metrics, series, the clocks they speak at, and where a clock's series stand.
CREATE TABLE weir_data.metric (
    id int4 GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL UNIQUE
);
COMMENT ON TABLE weir_data.metric IS 'Names of metrics, as small numbers.';

-- One row a label set. The name of the metric is not among `labels`. Uniqueness goes by a digest,
-- because label sets may be longer than an index entry may be.
CREATE TABLE weir_data.series (
    id int4 GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    metric int4 NOT NULL REFERENCES weir_data.metric,
    labels jsonb NOT NULL,
    key uuid NOT NULL GENERATED ALWAYS AS (md5(metric::text || labels::text)::uuid) STORED UNIQUE
);
CREATE INDEX series_metric ON weir_data.series (metric);
CREATE INDEX series_labels ON weir_data.series USING gin (labels jsonb_path_ops)
    WITH (fastupdate = off);
COMMENT ON TABLE weir_data.series IS 'Label sets, as small numbers.';

-- Each value that a label ever had: regular expressions run against these, not against series.
CREATE TABLE weir_data.label (
    name text NOT NULL,
    value text NOT NULL
);
CREATE INDEX label_name ON weir_data.label (name);
-- Values may be longer than an index entry may be.
CREATE UNIQUE INDEX label_once ON weir_data.label (name, md5(value));
COMMENT ON TABLE weir_data.label IS 'Values that a label has in some series.';

CREATE TABLE weir_data.clock (
    id int4 GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL,
    name text NOT NULL,
    place text NOT NULL,
    labels jsonb NOT NULL,
    interval_ms int8,
    opened timestamptz NOT NULL DEFAULT now(),
    key uuid NOT NULL GENERATED ALWAYS AS
        (md5(kind || chr(1) || name || chr(1) || place || chr(1) || labels::text)::uuid)
        STORED UNIQUE
);
COMMENT ON TABLE weir_data.clock IS
    'Sources of instants: a scraped target, a rule group, a sender, or samples folded in late.';

-- Each start of the program, and when it was last seen writing.
CREATE TABLE weir_data.run (
    id uuid PRIMARY KEY,
    seen timestamptz NOT NULL DEFAULT now()
);

-- At most 128 series of one clock that stand side by side in one row a scrape.
CREATE TABLE weir_data.tile (
    id int4 GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    clock int4 NOT NULL,
    run uuid NOT NULL
);
CREATE TABLE weir_data.placement (
    tile int4 NOT NULL,
    position int2 NOT NULL,
    series int4 NOT NULL,
    PRIMARY KEY (tile, position)
);
CREATE INDEX placement_series ON weir_data.placement (series);
COMMENT ON TABLE weir_data.placement IS 'Where in the hot rows a series stands.';
COMMENT ON COLUMN weir_data.tile.run IS 'The run of the program that writes the tile.';
