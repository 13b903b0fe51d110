-- Capture on SQLite, for one model; {names} are filled in by capture.py. The inner UPDATE names only `version`, for
-- which no trigger fires; a touch must therefore name another column.

-- name: now
(CAST(round((julianday('now') - 2440587.5) * 86400000.0) AS INTEGER) * 1000)

-- name: moment
strftime('%Y-%m-%d %H:%M:%f', 'now')

-- name: known
coalesce((SELECT version + 1 FROM search_floor WHERE model = {label}), 0),
        coalesce((SELECT version + 1 FROM search_outbox WHERE key = {new_key}), 0)

-- name: insert
CREATE TRIGGER {insert} AFTER INSERT ON {table} BEGIN
    UPDATE {table} SET version = max(coalesce(NEW.version, 0), {now}, {known}) WHERE {pk} = NEW.{pk};
    {capture_new}
END

-- name: update
CREATE TRIGGER {update} AFTER UPDATE OF {others} ON {table} BEGIN
    UPDATE {table} SET version = max(OLD.version + 1, coalesce(NEW.version, 0), {now},
        coalesce((SELECT version + 1 FROM search_outbox WHERE key = {new_key} AND deleted), 0)) WHERE {pk} = NEW.{pk};
    -- A key that comes starts above all it ever was; a key that no row has any more is deleted.
    UPDATE {table} SET version = max(version, {known}) WHERE {pk} = NEW.{pk} AND OLD.{pk} IS NOT NEW.{pk};
    INSERT INTO search_outbox {columns}
    SELECT {old_key}, max(OLD.version + 1, {now}), 1, {values}
    WHERE OLD.{pk} IS NOT NEW.{pk} AND NOT EXISTS (SELECT 1 FROM {table} WHERE {pk} = OLD.{pk}) {upsert};
    {capture_new}
END

-- name: delete
CREATE TRIGGER {delete} AFTER DELETE ON {table} BEGIN
    INSERT INTO search_outbox {columns}
    SELECT {old_key}, max(OLD.version + 1, {now}), 1, {values} WHERE true {upsert};
END

-- name: capture_new
INSERT INTO search_outbox {columns}
    SELECT {new_key}, version, 0, {values} FROM {table} WHERE {pk} = NEW.{pk} {upsert};

-- name: values
lower(hex(randomblob(16))), 'pending', {moment}, {moment}, {moment}, 0, ''

-- name: columns
(key, version, deleted, token, state, first_changed_at, changed_at, retry_at, attempts, last_error)

-- name: upsert
ON CONFLICT (key) DO UPDATE SET
        version = max(excluded.version, version), deleted = excluded.deleted, token = excluded.token,
        first_changed_at = CASE WHEN state = 'settling' THEN excluded.first_changed_at ELSE first_changed_at END,
        state = 'pending', changed_at = excluded.changed_at, retry_at = excluded.retry_at, attempts = 0,
        leased_until = NULL, settled_at = NULL, last_error = ''

-- name: touch
CREATE TRIGGER {touch} AFTER {event} ON {child} BEGIN
    UPDATE {table} SET {column} = {column} WHERE {pk} IN ({parents});
END

-- name: queue
INSERT INTO search_outbox {columns}
SELECT {row_key}, version, 0, {values} FROM {table} WHERE true {upsert}
