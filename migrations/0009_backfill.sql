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
