-- Who may read what: the views belong to a role that row-level security holds for, and a reader
-- that is bound to label matchers sees the series that meet them and no others.

-- One row a role whose reading is bound. A role is bound by every row of a role that it is or that
-- it belongs to, both the one that logged in and the one that SET ROLE made of it.
CREATE TABLE weir_data.reader (
    role text PRIMARY KEY,
    selector text NOT NULL,
    -- What `selector` says: [{"name", "op", "value"}, …].
    matchers jsonb NOT NULL,
    -- Those of them that say "equal" and not to nothing, as labels, for the index.
    labels jsonb NOT NULL
);
COMMENT ON TABLE weir_data.reader IS 'Label matchers that bind what a role sees.';

-- A regular expression as PostgreSQL reads it, or an error where that would not be the same one.
-- Anchored at both ends, as matchers are.
CREATE FUNCTION weir_data.pattern(expression text) RETURNS text
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    body text := expression;
    flags text := '';
BEGIN
    IF body ~ '^\(\?i\)' THEN
        flags := '(?i)';
        body := substr(body, 5);
    END IF;
    -- Letters and marks that stand for themselves, ., |, groups, quantifiers, sets of letters, and
    -- escapes that mean the same to both.
    IF body !~ ('^([^][\\(){}^$*+?|]|\\[][\\(){}^$*+?|./:@_-]|\\[dws]|\((\?:|(?!\?))|\)|\||[*+?]|'
        || '\{[0-9]{1,2}(,[0-9]{0,2})?\}|\[\^?([^][\\^]|\\[][\\.^/-])+\])*$')
    THEN
        RAISE EXCEPTION 'the regular expression % cannot be used in SQL', quote_literal(expression)
            USING ERRCODE = '2201B', HINT = 'Write it with letters, ., |, (…), […], *, + and ?; '
                'PromQL takes all of RE2.';
    END IF;
    -- These mean more letters to PostgreSQL than to RE2.
    body := replace(body, '\\', E'\001');
    body := replace(replace(replace(body, '\d', '[0-9]'), '\w', '[0-9A-Za-z_]'),
        '\s', E'[\t\n\f\r ]');
    body := replace(body, E'\001', '\\');
    RETURN flags || '^(?:' || body || ')$';
END
$$;

-- The matchers of `metric{label="value", …}`, the metric's name among them as __name__.
CREATE FUNCTION weir_data.matchers(selector text) RETURNS jsonb
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    rest text := btrim(selector, E' \t\r\n');
    found text[];
    text_value text;
    result jsonb := '[]';
BEGIN
    found := regexp_match(rest, '^[a-zA-Z_:][a-zA-Z0-9_:]*');
    IF found IS NOT NULL THEN
        result := jsonb_build_array(
            jsonb_build_object('name', '__name__', 'op', '=', 'value', found[1]));
        rest := ltrim(substr(rest, length(found[1]) + 1), E' \t\r\n');
    END IF;
    IF rest <> '' THEN
        IF rest !~ '^\{' OR rest !~ '\}$' THEN
            RAISE EXCEPTION 'no selector: %', quote_literal(selector) USING ERRCODE = '22023',
                HINT = 'Write one such as node_load1{instance=~"db.*", job="node"}.';
        END IF;
        rest := btrim(substr(rest, 2, length(rest) - 2), E' \t\r\n');
    END IF;
    WHILE rest <> '' LOOP
        found := regexp_match(rest, '^([a-zA-Z_][a-zA-Z0-9_]*|"(?:[^"\\]|\\.)*")\s*(=~|!~|!=|=)\s*'
            || '("(?:[^"\\]|\\.)*"|''(?:[^''\\]|\\.)*''|`[^`]*`)\s*(,\s*|$)(.*)$');
        IF found IS NULL THEN
            -- A metric's name in quotation marks.
            found := regexp_match(rest, '^("(?:[^"\\]|\\.)*")\s*(,\s*|$)(.*)$');
            IF found IS NULL THEN
                RAISE EXCEPTION 'no selector: %', quote_literal(selector) USING ERRCODE = '22023',
                    DETAIL = 'Not understood from here on: ' || rest,
                    HINT = 'Write one such as node_load1{instance=~"db.*", job="node"}.';
            END IF;
            found := ARRAY['__name__', '=', found[1], found[2], found[3]];
        END IF;
        text_value := substr(found[3], 2, length(found[3]) - 2);
        IF left(found[3], 1) = '"' THEN
            text_value := (replace(replace(found[3], '\''', ''''), '\x', '\u00')::jsonb) #>> '{}';
        ELSIF left(found[3], 1) = '''' THEN
            text_value := replace(replace(replace(text_value, '\\', E'\001'), '\''', ''''),
                E'\001', '\');
        END IF;
        IF found[1] ~ '^"' THEN found[1] := found[1]::jsonb #>> '{}'; END IF;
        IF found[2] IN ('=~', '!~') THEN text_value := weir_data.pattern(text_value); END IF;
        result := result || jsonb_build_object(
            'name', found[1], 'op', found[2], 'value', text_value);
        rest := found[5];
    END LOOP;
    IF result = '[]' AND selector IS NOT NULL AND btrim(selector) NOT IN ('{}', '') THEN
        RAISE EXCEPTION 'no selector: %', quote_literal(selector) USING ERRCODE = '22023';
    END IF;
    RETURN result;
END
$$;

-- What of matchers an index can answer: labels that have to be there with their values.
CREATE FUNCTION weir_data.equal_labels(matchers jsonb) RETURNS jsonb
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT coalesce(jsonb_object_agg(m ->> 'name', m ->> 'value'), '{}')
    FROM jsonb_array_elements(matchers) m
    WHERE m ->> 'op' = '=' AND m ->> 'value' <> '' AND m ->> 'name' <> '__name__'
$$;

-- Whether labels meet all matchers; a label that is absent is an empty one.
CREATE FUNCTION weir_data.meets(metric text, labels jsonb, matchers jsonb) RETURNS boolean
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    result boolean;
BEGIN
    SELECT bool_and(CASE m.op WHEN '=' THEN m.seen = m.wanted WHEN '!=' THEN m.seen <> m.wanted
        WHEN '=~' THEN m.seen ~ m.wanted ELSE m.seen !~ m.wanted END) INTO result
    FROM (SELECT x.op, x.value AS wanted,
            CASE x.name WHEN '__name__' THEN metric ELSE coalesce(labels ->> x.name, '') END AS seen
        FROM jsonb_to_recordset(matchers) AS x(name text, op text, value text)) m;
    RETURN coalesce(result, true);
END
$$;

-- The matchers that bind who asks; NULL for one who is free. SECURITY DEFINER changes current_user,
-- but not what was logged in nor the setting that SET ROLE makes.
--
-- It says IMMUTABLE so that the planner asks once and leaves out what does not bind. A plan is made
-- anew for another role, because row-level security is in it, and when a binding changes.
CREATE FUNCTION weir_data.bound() RETURNS jsonb
    LANGUAGE plpgsql IMMUTABLE PARALLEL RESTRICTED SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    result jsonb;
BEGIN
    IF NOT EXISTS (SELECT FROM weir_data.reader) THEN RETURN NULL; END IF;
    SELECT jsonb_agg(m) INTO result
    FROM unnest(ARRAY[session_user::text, nullif(current_setting('role'), 'none')]) AS u(name)
    JOIN pg_roles p ON p.rolname = u.name AND NOT p.rolsuper
        AND p.oid <> (SELECT relowner FROM pg_class WHERE oid = 'weir_data.reader'::regclass)
    JOIN weir_data.reader r ON r.role = u.name
        OR EXISTS (SELECT FROM pg_roles o
            WHERE o.rolname = r.role AND pg_has_role(p.oid, o.oid, 'MEMBER'))
    CROSS JOIN jsonb_array_elements(r.matchers) m;
    RETURN result;
END
$$;

-- Understood when they are made: a reader has no right to look up names in weir_data.
CREATE FUNCTION weir_data.sees_all() RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL RESTRICTED RETURN weir_data.bound() IS NULL;

CREATE FUNCTION weir_data.bound_labels() RETURNS jsonb
    LANGUAGE plpgsql IMMUTABLE PARALLEL RESTRICTED SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN weir_data.equal_labels(coalesce(weir_data.bound(), '[]'));
END
$$;

-- For a policy, which must not be able to look up the metric's name by itself.
CREATE FUNCTION weir_data.sees(metric int, labels jsonb, matchers jsonb) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN weir_data.meets(
        coalesce((SELECT m.name FROM weir_data.metric m WHERE m.id = metric), ''), labels, matchers);
END
$$;

ALTER TABLE weir_data.series ENABLE ROW LEVEL SECURITY;
CREATE POLICY binding ON weir_data.series FOR SELECT USING (
    weir_data.sees_all() OR labels @> weir_data.bound_labels()
        AND weir_data.sees(metric, labels, weir_data.bound()));
-- Names of metrics say something too.
ALTER TABLE weir_data.metric ENABLE ROW LEVEL SECURITY;
CREATE POLICY binding ON weir_data.metric FOR SELECT USING (weir_data.sees_all()
    OR EXISTS (SELECT FROM weir_data.series s WHERE s.metric = metric.id));
ALTER TABLE weir_data.clock ENABLE ROW LEVEL SECURITY;
CREATE POLICY binding ON weir_data.clock FOR SELECT USING (
    weir_data.sees_all() OR weir_data.sees(0, labels, weir_data.bound()));

-- The role that the views belong to. It can log in nowhere and is no superuser, so that row-level
-- security holds for what is read through the views.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'weir_views') THEN
        CREATE ROLE weir_views NOLOGIN;
    END IF;
EXCEPTION
    WHEN insufficient_privilege THEN
        RAISE NOTICE 'role weir_views is missing, so readers cannot be bound to labels; an owner of the server makes it with: CREATE ROLE weir_views; GRANT weir_views TO %', current_user;
    WHEN duplicate_object OR unique_violation THEN
        -- Another Weir on the same server was faster.
        NULL;
END
$$;

CREATE SCHEMA IF NOT EXISTS metric;
COMMENT ON SCHEMA metric IS 'A view for each metric, with its labels as columns.';

-- Gives a view to the role of the views, if there is one and Weir may.
CREATE FUNCTION weir_data.publish(relation regclass) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'weir_reader') THEN
        EXECUTE format('GRANT SELECT ON %s TO weir_reader', relation);
    END IF;
    IF weir_data.has_views_role() THEN
        EXECUTE format('ALTER VIEW %s OWNER TO weir_views', relation);
    END IF;
END
$$;

CREATE FUNCTION weir_data.has_views_role() RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = 'weir_views'
        AND pg_has_role(current_user, oid, 'MEMBER'))
$$;

DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'weir_views') THEN
        BEGIN
            IF NOT weir_data.has_views_role() THEN
                EXECUTE format('GRANT weir_views TO %I', current_user);
            END IF;
        EXCEPTION WHEN insufficient_privilege THEN
            RAISE NOTICE 'readers cannot be bound to labels before: GRANT weir_views TO %', current_user;
        END;
        GRANT USAGE ON SCHEMA weir_data TO weir_views;
        GRANT USAGE, CREATE ON SCHEMA weir, metric TO weir_views;
        GRANT SELECT ON weir_data.series, weir_data.metric, weir_data.clock, weir_data.chunk,
            weir_data.tick, weir_data.scrape, weir_data.placement, weir_data.tile, weir_data.late,
            weir_data.horizon, weir_data.metadata, weir_data.span TO weir_views;
    END IF;
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'weir_reader') THEN
        GRANT USAGE ON SCHEMA metric TO weir_reader;
    END IF;
END
$$;

-- Binds what a role sees to a selector, such as '{tenant="a"}'; NULL sets it free.
CREATE FUNCTION weir_data.bind_reader(role text, selector text) RETURNS void
    LANGUAGE plpgsql AS $$
DECLARE
    found jsonb;
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles r WHERE r.rolname = bind_reader.role) THEN
        RAISE EXCEPTION 'there is no role %', quote_ident(role) USING ERRCODE = '42704';
    END IF;
    IF selector IS NULL THEN
        DELETE FROM weir_data.reader r WHERE r.role = bind_reader.role;
    ELSE
        IF NOT weir_data.has_views_role() THEN
            RAISE EXCEPTION 'readers cannot be bound on this server'
                USING HINT = 'An owner of the server runs: CREATE ROLE weir_views; GRANT weir_views TO '
                    || quote_ident(current_user) || '; SELECT weir_data.publish_all()';
        END IF;
        found := weir_data.matchers(selector);
        IF found = '[]' THEN
            RAISE EXCEPTION 'the selector % binds nothing', quote_literal(selector)
                USING ERRCODE = '22023', HINT = 'NULL sets a role free.';
        END IF;
        INSERT INTO weir_data.reader AS r
            VALUES (bind_reader.role, bind_reader.selector, found, weir_data.equal_labels(found))
            ON CONFLICT ON CONSTRAINT reader_pkey DO UPDATE
            SET selector = excluded.selector, matchers = excluded.matchers, labels = excluded.labels;
    END IF;
    -- Plans that know the old binding are thrown away.
    GRANT SELECT ON weir_data.series, weir_data.metric, weir_data.clock TO CURRENT_USER;
END
$$;

-- Makes a role that reads the views and nothing else; `selector` binds it, NULL does not.
--
-- Settings belong to the role that logs in, so they are not inherited from weir_reader.
CREATE FUNCTION weir_data.make_reader(
    role text, password text DEFAULT NULL, selector text DEFAULT NULL,
    statement_timeout interval DEFAULT '60s', connections int DEFAULT 20
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles r WHERE r.rolname = make_reader.role) THEN
        EXECUTE format('CREATE ROLE %I', role);
    ELSIF EXISTS (SELECT FROM pg_roles r WHERE r.rolname = make_reader.role
        AND (r.rolsuper OR r.rolcreaterole OR r.rolcreatedb OR r.rolbypassrls OR r.rolreplication))
    THEN
        RAISE EXCEPTION 'the role % may more than read', quote_ident(role) USING ERRCODE = '42501';
    END IF;
    EXECUTE format('ALTER ROLE %I LOGIN CONNECTION LIMIT %s', role, connections);
    IF password IS NOT NULL THEN EXECUTE format('ALTER ROLE %I PASSWORD %L', role, password); END IF;
    IF role <> 'weir_reader' THEN EXECUTE format('GRANT weir_reader TO %I', role); END IF;
    PERFORM weir_data.set_up_reader(role, statement_timeout);
    PERFORM weir_data.bind_reader(role, selector);
END
$$;

CREATE FUNCTION weir_data.set_up_reader(role text, statement_timeout interval) RETURNS void
    LANGUAGE plpgsql AS $$
DECLARE
    setting text;
BEGIN
    FOREACH setting IN ARRAY ARRAY[
        'search_path TO weir, metric',
        format('statement_timeout TO %L', (extract(epoch FROM statement_timeout) * 1000)::int8),
        'default_transaction_read_only TO on', 'idle_in_transaction_session_timeout TO ''60s''',
        'enable_partitionwise_join TO on', 'jit TO off', 'timezone TO ''UTC''']
    LOOP
        EXECUTE format('ALTER ROLE %I IN DATABASE %I SET %s', role, current_database(), setting);
    END LOOP;
END
$$;
REVOKE EXECUTE ON FUNCTION weir_data.publish, weir_data.bind_reader, weir_data.make_reader,
    weir_data.set_up_reader FROM PUBLIC;

DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'weir_reader') THEN
        PERFORM weir_data.set_up_reader('weir_reader', '60s');
    END IF;
EXCEPTION
    WHEN insufficient_privilege THEN
        RAISE NOTICE 'the settings of weir_reader are left as they are: an owner of the server may run SELECT weir_data.set_up_reader(''weir_reader'', ''60s'')';
END
$$;
DO $$
BEGIN
    -- Temporary tables are writes too.
    EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', current_database());
    EXECUTE format('ALTER DATABASE %I SET enable_partitionwise_join TO on', current_database());
EXCEPTION
    WHEN insufficient_privilege THEN
        RAISE NOTICE 'readers may make temporary tables, and panels touch every day: the owner of the database can change it';
END
$$;
DO $$
BEGIN
    -- Large objects are writes that everybody may do, and only a superuser can forbid them.
    IF (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
        REVOKE EXECUTE ON FUNCTION lo_create(oid), lo_creat(integer), lo_from_bytea(oid, bytea),
            lo_put(oid, bigint, bytea), lo_unlink(oid), lo_open(oid, integer),
            lowrite(integer, bytea), lo_truncate(integer, integer), lo_truncate64(integer, bigint)
            FROM PUBLIC;
    END IF;
END
$$;
