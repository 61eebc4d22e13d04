-- The places that everything else lives in: what users see, and what only Weir touches.
CREATE SCHEMA IF NOT EXISTS weir;
CREATE SCHEMA IF NOT EXISTS weir_data;
COMMENT ON SCHEMA weir IS 'What Weir keeps, as views and functions for people and dashboards.';
COMMENT ON SCHEMA weir_data IS 'What Weir keeps, as it keeps it: no place for other programs.';

-- The role that people and dashboards read with. It belongs to the whole server, so it may be there
-- already, and on a managed server Weir may not be allowed to make it: then an owner of the server
-- makes it, and `weir migrate --status` says so.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'weir_reader') THEN
        CREATE ROLE weir_reader NOLOGIN;
    END IF;
EXCEPTION
    WHEN insufficient_privilege THEN
        RAISE NOTICE 'role weir_reader is missing; an owner of the server makes it with: CREATE ROLE weir_reader';
    WHEN duplicate_object OR unique_violation THEN
        -- Another Weir on the same server was faster.
        NULL;
END
$$;

DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'weir_reader') THEN
        GRANT USAGE ON SCHEMA weir TO weir_reader;
    END IF;
END
$$;
