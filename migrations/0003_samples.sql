-- What was said: hot rows for the last hours, chunks for the rest, late samples beside them.

-- One row a scrape and tile; element n is what the series at position n - 1 said, NULL for nothing.
-- Partitions of two hours are made by the program as time goes on.
CREATE TABLE weir_data.scrape (
    time timestamptz NOT NULL,
    clock int4 NOT NULL,
    tile int4 NOT NULL,
    values float8[] NOT NULL
) PARTITION BY RANGE (time);
-- Neither compressed nor moved out of the row: one element is read without the others.
ALTER TABLE weir_data.scrape ALTER values SET STORAGE PLAIN;
COMMENT ON TABLE weir_data.scrape IS 'Hot rows: the samples that are not sealed yet.';

-- Hot rows before `sealed` do not count, chunks do. Nothing before `closed` becomes a hot row.
CREATE TABLE weir_data.horizon (
    closed timestamptz NOT NULL,
    sealed timestamptz NOT NULL,
    CHECK (sealed <= closed)
);
INSERT INTO weir_data.horizon VALUES ('-infinity', '-infinity');

-- What one series said at the ticks of one clock in one window. `win` is the second, counted from
-- 2000, in which the window began; windows and partitions end with the day in UTC.
-- Eight columns, so that the row's head with its bits for NULL takes 24 bytes and not 32.
CREATE TABLE weir_data.chunk (
    base float8,
    slope float8,
    metric int4 NOT NULL,
    series int4 NOT NULL,
    clock int4 NOT NULL,
    win int4 NOT NULL,
    bytes bytea,
    exact float8[]
) PARTITION BY RANGE (win);
-- Always inside the row, so that there is neither a table beside it nor a copy at each access.
ALTER TABLE weir_data.chunk ALTER bytes SET STORAGE PLAIN;
ALTER TABLE weir_data.chunk ALTER exact SET STORAGE PLAIN;
COMMENT ON TABLE weir_data.chunk IS
    'Sealed samples; metric 0 holds the instants of the clock that `series` names, in ms.';

-- One row a scrape: tick n of a window is the instant of element n of its chunks.
CREATE TABLE weir_data.tick (
    time timestamptz NOT NULL,
    clock int4 NOT NULL,
    win int4 NOT NULL,
    n int2 NOT NULL
) PARTITION BY RANGE (win);
COMMENT ON TABLE weir_data.tick IS 'The instants of sealed samples.';

-- What came after its window was sealed, out of order, or once more; it counts before all else.
CREATE TABLE weir_data.late (
    series int4 NOT NULL,
    time timestamptz NOT NULL,
    value float8 NOT NULL,
    PRIMARY KEY (series, time)
);
CREATE INDEX late_time ON weir_data.late (time);
COMMENT ON TABLE weir_data.late IS 'Samples beside the ticks; a merge folds them into chunks.';

-- Native histograms: single ones as they come, many of a series in one row once a day is merged.
CREATE TABLE weir_data.histogram (
    series int4 NOT NULL,
    first timestamptz NOT NULL,
    last timestamptz NOT NULL,
    count int4 NOT NULL,
    bytes bytea NOT NULL,
    PRIMARY KEY (series, first)
);
CREATE INDEX histogram_last ON weir_data.histogram (last);

CREATE TABLE weir_data.exemplar (
    series int4 NOT NULL,
    time timestamptz NOT NULL,
    value float8 NOT NULL,
    labels jsonb NOT NULL
);
CREATE UNIQUE INDEX exemplar_once
    ON weir_data.exemplar (series, time, value, (md5(labels::text)));
CREATE INDEX exemplar_time ON weir_data.exemplar (time);

-- What was said of a family, by whom, from when on; `until` is infinity for what holds now.
CREATE TABLE weir_data.metadata (
    clock int4 NOT NULL,
    family text NOT NULL,
    since timestamptz NOT NULL,
    until timestamptz NOT NULL DEFAULT 'infinity',
    type text NOT NULL,
    unit text NOT NULL,
    help text NOT NULL,
    PRIMARY KEY (clock, family, since)
);
CREATE INDEX metadata_family ON weir_data.metadata (family) WHERE until = 'infinity';

-- One row a partition of two hours or a day: what the program has made, and how far it is.
CREATE TABLE weir_data.span (
    kind text NOT NULL CHECK (kind IN ('hot', 'day')),
    start timestamptz NOT NULL,
    "end" timestamptz NOT NULL,
    merged timestamptz,
    PRIMARY KEY (kind, start)
);
