-- Capture on SQLite: one statement per trigger, filled by triggers.py with string.Template.
-- `columns`, `values`, `upsert` and `clock` are the same in each statement, and are filled in as they stand here.
-- The triggers' own UPDATE names only `version`, for which no trigger fires; a touch must therefore name another column.

-- name: columns
(key, version, deleted, token, state, first_changed_at, changed_at, retry_at, attempts, last_error)

-- name: values
lower(hex(randomblob(16))), 'pending', strftime('%Y-%m-%d %H:%M:%f', 'now'), strftime('%Y-%m-%d %H:%M:%f', 'now'),
        strftime('%Y-%m-%d %H:%M:%f', 'now'), 0, ''

-- name: upsert
ON CONFLICT (key) DO UPDATE SET
        version = max(excluded.version, version), deleted = excluded.deleted, token = excluded.token,
        first_changed_at = CASE WHEN state = 'settling' THEN excluded.first_changed_at ELSE first_changed_at END,
        state = 'pending', changed_at = excluded.changed_at, retry_at = excluded.retry_at, attempts = 0,
        leased_until = NULL, settled_at = NULL, last_error = ''

-- name: clock
(CAST(round((julianday('now') - 2440587.5) * 86400000.0) AS INTEGER) * 1000)

-- name: insert
CREATE TRIGGER $trigger AFTER INSERT ON $table BEGIN
    UPDATE $table SET version = max(coalesce(NEW.version, 0), $clock,
        coalesce((SELECT version + 1 FROM search_floor WHERE model = $label), 0),
        coalesce((SELECT version + 1 FROM search_outbox WHERE key = $new_key), 0)) WHERE $pk = NEW.$pk;
    INSERT INTO search_outbox $columns
    SELECT $new_key, version, 0, $values FROM $table WHERE $pk = NEW.$pk $upsert;
END

-- name: update
CREATE TRIGGER $trigger AFTER UPDATE OF $captured_columns ON $table BEGIN
    UPDATE $table SET version = max(OLD.version + 1, coalesce(NEW.version, 0), $clock,
        coalesce((SELECT version + 1 FROM search_outbox WHERE key = $new_key AND deleted), 0)) WHERE $pk = NEW.$pk;
    -- A changed key starts above every version that it ever had; the old key, if no row has it, is deleted.
    UPDATE $table SET version = max(version,
        coalesce((SELECT version + 1 FROM search_floor WHERE model = $label), 0),
        coalesce((SELECT version + 1 FROM search_outbox WHERE key = $new_key), 0))
    WHERE $pk = NEW.$pk AND OLD.$pk IS NOT NEW.$pk;
    INSERT INTO search_outbox $columns
    SELECT $old_key, max(OLD.version + 1, $clock), 1, $values
    WHERE OLD.$pk IS NOT NEW.$pk AND NOT EXISTS (SELECT 1 FROM $table WHERE $pk = OLD.$pk) $upsert;
    INSERT INTO search_outbox $columns
    SELECT $new_key, version, 0, $values FROM $table WHERE $pk = NEW.$pk $upsert;
END

-- name: delete
CREATE TRIGGER $trigger AFTER DELETE ON $table BEGIN
    INSERT INTO search_outbox $columns
    SELECT $old_key, max(OLD.version + 1, $clock), 1, $values WHERE true $upsert;
END

-- name: touch
CREATE TRIGGER $trigger AFTER $event ON $child BEGIN
    UPDATE $table SET $column = $column WHERE $pk IN ($parents);
END

-- name: queue
INSERT INTO search_outbox $columns
SELECT $row_key, version, 0, $values FROM $table WHERE true $upsert
