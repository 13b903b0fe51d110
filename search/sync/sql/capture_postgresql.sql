-- Capture on PostgreSQL, for one model; {names} are filled in by capture.py.
-- SECURITY DEFINER: whoever may write the table is captured, whether or not it may write the outbox.

-- name: version
-- Before the row is written: its version grows, whatever the clock does. clock_timestamp(), not now(): a transaction
-- that began early may commit late. A key that comes (an insert, or a changed key) starts above all it ever was.
CREATE OR REPLACE FUNCTION {schema}.{version}() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $body$
DECLARE known bigint;
BEGIN
    NEW.version := greatest(NEW.version, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint);
    IF TG_OP = 'UPDATE' THEN
        NEW.version := greatest(NEW.version, OLD.version + 1);
    END IF;
    IF TG_OP = 'INSERT' OR NEW.{pk} IS DISTINCT FROM OLD.{pk} THEN
        SELECT greatest(
            (SELECT floor.version FROM {schema}.search_floor AS floor WHERE floor.model = {label}),
            (SELECT entry.version FROM {schema}.search_outbox AS entry WHERE entry.key = {label} || ':' || NEW.{pk}::text)
        ) INTO known;
        NEW.version := greatest(NEW.version, known + 1);
    END IF;
    RETURN NEW;
END $body$

-- name: insert
-- After the statement. The key is looked at again: while the insert waited for the unique index, another session may
-- have deleted the row under it, with a version above the one taken before.
CREATE OR REPLACE FUNCTION {schema}.{insert}() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $body$
DECLARE late text[];
BEGIN
    {late};
    INSERT INTO {schema}.search_outbox AS entry {columns}
    SELECT {label} || ':' || came.{pk}::text, came.version, false, {values} FROM new_rows AS came
    WHERE late IS NULL OR {label} || ':' || came.{pk}::text <> ALL (late)
    ORDER BY 1 {upsert};
    RETURN NULL;
END $body$

-- name: update
CREATE OR REPLACE FUNCTION {schema}.{update}() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $body$
DECLARE late text[];
BEGIN
    IF EXISTS (SELECT FROM new_rows AS came WHERE NOT EXISTS (SELECT FROM old_rows AS gone WHERE gone.{pk} = came.{pk})) THEN
        {late};
    END IF;
    INSERT INTO {schema}.search_outbox AS entry {columns}
    SELECT {label} || ':' || found.pk, found.version, found.deleted, {values} FROM (
        SELECT came.{pk}::text AS pk, came.version, false AS deleted FROM new_rows AS came
        UNION ALL
        -- A key that no row has any more is deleted.
        SELECT gone.{pk}::text, greatest(gone.version + 1, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint), true
        FROM old_rows AS gone WHERE NOT EXISTS (SELECT FROM new_rows AS came WHERE came.{pk} = gone.{pk})
    ) AS found
    WHERE late IS NULL OR {label} || ':' || found.pk <> ALL (late)
    ORDER BY 1 {upsert};
    RETURN NULL;
END $body$

-- name: delete
CREATE OR REPLACE FUNCTION {schema}.{delete}() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $body$
BEGIN
    INSERT INTO {schema}.search_outbox AS entry {columns}
    SELECT {label} || ':' || gone.{pk}::text,
        greatest(gone.version + 1, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint), true, {values}
    FROM old_rows AS gone ORDER BY 1 {upsert};
    RETURN NULL;
END $body$

-- name: truncate
CREATE OR REPLACE FUNCTION {schema}.{truncate}() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $body$
BEGIN
    INSERT INTO {schema}.search_outbox AS entry {columns}
    SELECT {label} || ':' || gone.{pk}::text,
        greatest(gone.version + 1, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint), true, {values}
    FROM {table} AS gone ORDER BY 1 {upsert};
    RETURN NULL;
END $body$

-- name: late
-- Rows that came with a version at or below what is known of their key: the update captures itself.
IF EXISTS (SELECT {late_rows}) THEN
        WITH raised AS (
            UPDATE {table} AS moved SET version = known.version + 1
            FROM (SELECT came.{pk} AS pk, greatest(entry.version, floor.version) AS version {late_rows}) AS known
            WHERE moved.{pk} = known.pk RETURNING moved.{pk} AS pk
        )
        SELECT array_agg({label} || ':' || raised.pk::text) INTO late FROM raised;
    END IF

-- name: late_rows
FROM new_rows AS came
            LEFT JOIN {schema}.search_outbox AS entry ON entry.key = {label} || ':' || came.{pk}::text
            LEFT JOIN {schema}.search_floor AS floor ON floor.model = {label}
            WHERE came.version <= greatest(entry.version, floor.version)

-- name: values
gen_random_uuid(), 'pending', clock_timestamp(), clock_timestamp(), clock_timestamp(), 0, ''

-- name: columns
(key, version, deleted, token, state, first_changed_at, changed_at, retry_at, attempts, last_error)

-- name: upsert
ON CONFLICT (key) DO UPDATE SET
        version = excluded.version, deleted = excluded.deleted, token = excluded.token, state = 'pending',
        -- Of a settling entry nothing was unconfirmed: what waits began to wait now.
        first_changed_at = CASE WHEN entry.state = 'settling' THEN excluded.first_changed_at ELSE entry.first_changed_at END,
        changed_at = excluded.changed_at, retry_at = excluded.retry_at, attempts = 0, leased_until = NULL,
        settled_at = NULL, last_error = ''

-- name: touch
-- A related row changed: its parents', old and new, versions grow, which captures them. In key order, once each.
CREATE OR REPLACE FUNCTION {schema}.{touch}() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $body$
BEGIN
    PERFORM FROM {table} AS parent WHERE parent.{pk} IN ({parents}) ORDER BY parent.{pk} FOR NO KEY UPDATE;
    UPDATE {table} AS parent SET version = parent.version WHERE parent.{pk} IN ({parents});
    RETURN NULL;
END $body$

-- name: queue
INSERT INTO {schema}.search_outbox AS entry {columns}
SELECT {label} || ':' || gone.{pk}::text, gone.version, false, {values} FROM {table} AS gone ORDER BY 1 {upsert}
