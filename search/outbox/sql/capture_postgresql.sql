-- Capture on PostgreSQL: one function per trigger, filled by triggers.py with string.Template ($$ is a dollar sign).
-- `columns`, `values` and `upsert` are the same in each INSERT into the outbox, and are filled in as they stand here.
-- SECURITY DEFINER: a role that may write the table is captured, whether or not it may write the outbox.
-- enable_seqscan: the outbox may be empty when a plan is made and full when it is used again.

-- name: columns
(key, version, deleted, token, state, first_changed_at, changed_at, retry_at, attempts, last_error)

-- name: values
gen_random_uuid(), 'pending', clock_timestamp(), clock_timestamp(), clock_timestamp(), 0, ''

-- name: upsert
ON CONFLICT (key) DO UPDATE SET
        -- Never lower; and a row that is inserted after its delete is above the delete.
        version = greatest(excluded.version, entry.version + (entry.deleted AND NOT excluded.deleted)::int),
        deleted = excluded.deleted, token = excluded.token, state = 'pending',
        -- A settling entry has no unconfirmed change, so the first one is this.
        first_changed_at = CASE WHEN entry.state = 'settling' THEN excluded.first_changed_at ELSE entry.first_changed_at END,
        changed_at = excluded.changed_at, retry_at = excluded.retry_at, attempts = 0, leased_until = NULL,
        settled_at = NULL, last_error = ''

-- name: version
-- Before the row is written: raise its version, whatever the clock does. clock_timestamp(), not now(): a transaction
-- that began early may commit late. A new key (an insert, or a changed key) starts above every version that it ever
-- had. The old key of a changed one is captured as deleted; if another row of the statement takes it, that captures it
-- again afterwards.
CREATE OR REPLACE FUNCTION $schema.$function() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off AS $$body$$ DECLARE known bigint;
BEGIN
    NEW.version := greatest(NEW.version, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint);
    IF TG_OP = 'UPDATE' THEN
        NEW.version := greatest(NEW.version, OLD.version + 1);
        IF NEW.$pk = OLD.$pk THEN
            RETURN NEW;
        END IF;
        INSERT INTO $schema.search_outbox AS entry $columns
        VALUES (
            $label || ':' || OLD.$pk::text,
            greatest(OLD.version + 1, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint), true, $values
        ) $upsert;
    END IF;
    SELECT greatest(
        (SELECT floor.version FROM $schema.search_floor AS floor WHERE floor.model = $label),
        (SELECT entry.version FROM $schema.search_outbox AS entry WHERE entry.key = $label || ':' || NEW.$pk::text)
    ) INTO known;
    NEW.version := greatest(NEW.version, known + 1);
    RETURN NEW;
END $$body$$

-- name: written
-- After the statement, for INSERT and UPDATE alike: write the entries first, which waits for other writers of them.
-- Then check the keys again: while an insert waited for the unique index, another session may have deleted the row of
-- that key, with a higher version than the one taken before. Such a row is raised, which captures itself.
-- `least_version` is 0 for UPDATE.
CREATE OR REPLACE FUNCTION $schema.$function() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off AS $$body$$ DECLARE late record;
BEGIN
    INSERT INTO $schema.search_outbox AS entry $columns
    SELECT $label || ':' || written.$pk::text, greatest(written.version, $least_version), false, $values
    FROM new_rows AS written ORDER BY written.$pk $upsert;
    -- A subquery, not a join: a join's plan, kept from a statement of one row, would be quadratic for ten thousand.
    FOR late IN
        SELECT written.$pk AS pk, entry_version AS version FROM (
            SELECT written.$pk, written.version, (
                SELECT entry.version FROM $schema.search_outbox AS entry
                WHERE entry.key = $label || ':' || written.$pk::text
            ) AS entry_version FROM new_rows AS written
        ) AS written WHERE entry_version > written.version ORDER BY written.$pk
    LOOP
        UPDATE $table AS raised SET version = late.version WHERE raised.$pk = late.pk AND raised.version < late.version;
    END LOOP;
    RETURN NULL;
END $$body$$

-- name: deleted
-- For DELETE ($rows is the transition table) and TRUNCATE ($rows is the table itself, which fires before).
CREATE OR REPLACE FUNCTION $schema.$function() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off AS $$body$$ BEGIN
    INSERT INTO $schema.search_outbox AS entry $columns
    SELECT $label || ':' || deleted.$pk::text,
        greatest(deleted.version + 1, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint), true, $values
    FROM $rows AS deleted ORDER BY deleted.$pk $upsert;
    RETURN NULL;
END $$body$$

-- name: touch
-- A related row changed: raise the versions of its old and new parents, which captures them, once each in key order.
CREATE OR REPLACE FUNCTION $schema.$function() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off AS $$body$$ DECLARE touched $pk_type[];
BEGIN
    touched := ARRAY($parents);
    IF touched <> '{}' THEN
        PERFORM FROM $table AS parent WHERE parent.$pk = ANY (touched) ORDER BY parent.$pk FOR NO KEY UPDATE;
        UPDATE $table AS parent SET version = parent.version WHERE parent.$pk = ANY (touched);
    END IF;
    RETURN NULL;
END $$body$$

-- name: queue
INSERT INTO $schema.search_outbox AS entry $columns
SELECT $label || ':' || indexed.$pk::text, indexed.version, false, $values
FROM $table AS indexed ORDER BY indexed.$pk $upsert
