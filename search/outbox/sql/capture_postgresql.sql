-- Capture on PostgreSQL, for one model; {names} are filled in by capture.py.
-- SECURITY DEFINER: whoever may write the table is captured, whether or not it may write the outbox.

-- name: version
-- Before the row is written: its version grows, whatever the clock does. clock_timestamp(), not now(): a transaction
-- that began early may commit late. A key that comes (an insert, or a changed key) starts above all it ever was; a key
-- that goes by a change is deleted, unless a row of the same statement takes it, which captures it again afterwards.
{function} DECLARE known bigint;
BEGIN
    NEW.version := greatest(NEW.version, {tick});
    IF TG_OP = 'UPDATE' THEN
        NEW.version := greatest(NEW.version, OLD.version + 1);
        IF NEW.{pk} = OLD.{pk} THEN
            RETURN NEW;
        END IF;
        INSERT INTO {schema}.search_outbox AS entry {columns}
        VALUES ({label} || ':' || OLD.{pk}::text, greatest(OLD.version + 1, {tick}), true, {values}) {upsert};
    END IF;
    SELECT greatest(
        (SELECT floor.version FROM {schema}.search_floor AS floor WHERE floor.model = {label}),
        (SELECT entry.version FROM {schema}.search_outbox AS entry WHERE entry.key = {label} || ':' || NEW.{pk}::text)
    ) INTO known;
    NEW.version := greatest(NEW.version, known + 1);
    RETURN NEW;
END $body$

-- name: insert
{function} DECLARE {written} END $body$

-- name: update
{function} DECLARE {written} END $body$

-- name: written
-- After the statement: the entries first, which puts us behind whoever wrote them. Then the keys are looked at again:
-- while an insert waited for the unique index, another session may have deleted the row under it, with a version
-- above the one taken before. Such a row is raised, which captures itself.
late record;
BEGIN
    INSERT INTO {schema}.search_outbox AS entry {columns}
    SELECT {label} || ':' || came.{pk}::text, greatest(came.version, {least}), false, {values}
    FROM new_rows AS came ORDER BY came.{pk} {upsert};
    -- A subquery and no join: a join's plan, kept from one row, would be quadratic for the next ten thousand.
    FOR late IN
        SELECT came.{pk} AS pk, entry_version AS version FROM (
            SELECT came.{pk}, came.version, (
                SELECT entry.version FROM {schema}.search_outbox AS entry WHERE entry.key = {label} || ':' || came.{pk}::text
            ) AS entry_version FROM new_rows AS came
        ) AS came WHERE entry_version > came.version ORDER BY came.{pk}
    LOOP
        UPDATE {table} AS raised SET version = late.version WHERE raised.{pk} = late.pk AND raised.version < late.version;
    END LOOP;
    RETURN NULL;

-- name: function
-- enable_seqscan: the outbox is empty at one moment and full at the next, and a plan outlives both.
CREATE OR REPLACE FUNCTION {schema}.{function_name}() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off AS $body$

-- name: tick
(extract(epoch FROM clock_timestamp()) * 1000000)::bigint

-- name: delete
{function} BEGIN
    INSERT INTO {schema}.search_outbox AS entry {columns}
    SELECT {label} || ':' || gone.{pk}::text,
        greatest(gone.version + 1, {tick}), true, {values}
    FROM old_rows AS gone ORDER BY gone.{pk} {upsert};
    RETURN NULL;
END $body$

-- name: truncate
{function} BEGIN
    INSERT INTO {schema}.search_outbox AS entry {columns}
    SELECT {label} || ':' || gone.{pk}::text,
        greatest(gone.version + 1, {tick}), true, {values}
    FROM {table} AS gone ORDER BY gone.{pk} {upsert};
    RETURN NULL;
END $body$

-- name: values
gen_random_uuid(), 'pending', clock_timestamp(), clock_timestamp(), clock_timestamp(), 0, ''

-- name: columns
(key, version, deleted, token, state, first_changed_at, changed_at, retry_at, attempts, last_error)

-- name: upsert
ON CONFLICT (key) DO UPDATE SET
        -- Never lower, and a row that comes is above the delete it follows.
        version = greatest(excluded.version, entry.version + (entry.deleted AND NOT excluded.deleted)::int),
        deleted = excluded.deleted, token = excluded.token, state = 'pending',
        -- Of a settling entry nothing was unconfirmed: what waits began to wait now.
        first_changed_at = CASE WHEN entry.state = 'settling' THEN excluded.first_changed_at ELSE entry.first_changed_at END,
        changed_at = excluded.changed_at, retry_at = excluded.retry_at, attempts = 0, leased_until = NULL,
        settled_at = NULL, last_error = ''

-- name: touch
-- A related row changed: its parents', old and new, versions grow, which captures them. In key order, once each.
{function} DECLARE touched {pk_type}[];
BEGIN
    touched := ARRAY({parents});
    IF touched <> '{}' THEN
        PERFORM FROM {table} AS parent WHERE parent.{pk} = ANY (touched) ORDER BY parent.{pk} FOR NO KEY UPDATE;
        UPDATE {table} AS parent SET version = parent.version WHERE parent.{pk} = ANY (touched);
    END IF;
    RETURN NULL;
END $body$

-- name: queue
INSERT INTO {schema}.search_outbox AS entry {columns}
SELECT {label} || ':' || gone.{pk}::text, gone.version, false, {values} FROM {table} AS gone ORDER BY gone.{pk} {upsert}
