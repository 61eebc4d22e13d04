-- Rollups for the role that the views belong to, and a place to note how far backfills are.
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'weir_views') THEN
        GRANT SELECT ON weir_data.rollup TO weir_views;
    END IF;
END
$$;
SELECT weir_data.publish('weir.rollup');

-- How far files of old samples are taken in: each step of `weir backfill` notes it in its own commit.
CREATE TABLE weir_data.backfill (
    name text PRIMARY KEY,
    bytes int8 NOT NULL,
    samples int8 NOT NULL,
    type_line text NOT NULL,
    is_done bool NOT NULL,
    at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE weir_data.backfill IS 'How far files are taken in; `bytes` are all in samples.';
