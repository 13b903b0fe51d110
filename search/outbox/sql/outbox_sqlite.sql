-- The transitions of the outbox on SQLite, which locks the whole database for each, so each is short.
-- `entries` is a JSON array of objects with the key and token as read; an entry with a newer token is never changed.

-- name: read
SELECT key, version, deleted, token, state, (julianday(first_changed_at) - 2440587.5) * 86400, attempts,
    leased_until IS NOT NULL, last_error, retry_at <= strftime('%%Y-%%m-%%d %%H:%%M:%%f', 'now')
FROM "search_outbox" WHERE key IN (SELECT value FROM json_each(%(keys)s))

-- name: claim
UPDATE search_outbox SET leased_until = strftime('%%Y-%%m-%%d %%H:%%M:%%f', 'now', %(lease)s || ' seconds')
WHERE key IN (
    SELECT key FROM search_outbox
    WHERE state <> 'dead' AND retry_at <= strftime('%%Y-%%m-%%d %%H:%%M:%%f', 'now')
      AND retry_at >= strftime('%%Y-%%m-%%d %%H:%%M:%%f', 'now', '-' || %(within)s || ' seconds')
      AND changed_at <= strftime('%%Y-%%m-%%d %%H:%%M:%%f', 'now', '-' || %(older)s || ' seconds')
      AND (leased_until IS NULL OR leased_until <= strftime('%%Y-%%m-%%d %%H:%%M:%%f', 'now'))
    ORDER BY retry_at LIMIT %(limit)s
)
RETURNING key

-- name: confirm
DELETE FROM search_outbox WHERE (key, token) IN (
    SELECT json_extract(value, '$.key'), json_extract(value, '$.token') FROM json_each(%(entries)s)
)

-- name: raise_floor
INSERT INTO search_floor (model, version)
SELECT substr(key, 1, instr(key, ':') - 1) AS model, max(version) FROM search_outbox
WHERE state = 'settling' AND (key, token) IN (
    SELECT json_extract(value, '$.key'), json_extract(value, '$.token') FROM json_each(%(entries)s)
)
GROUP BY substr(key, 1, instr(key, ':') - 1)
ON CONFLICT (model) DO UPDATE SET version = max(version, excluded.version)

-- name: delete_settled
DELETE FROM search_outbox WHERE state = 'settling' AND (key, token) IN (
    SELECT json_extract(value, '$.key'), json_extract(value, '$.token') FROM json_each(%(entries)s)
)

-- name: settle
UPDATE search_outbox
SET state = 'settling', settled_at = strftime('%%Y-%%m-%%d %%H:%%M:%%f', 'now'), attempts = 0, last_error = '',
    leased_until = NULL, retry_at = strftime('%%Y-%%m-%%d %%H:%%M:%%f', 'now', %(grace_period)s || ' seconds')
WHERE state = 'pending' AND (key, token) IN (
    SELECT json_extract(value, '$.key'), json_extract(value, '$.token') FROM json_each(%(entries)s)
)

-- name: postpone
UPDATE search_outbox
SET attempts = json_extract(failure.value, '$.attempts'), last_error = json_extract(failure.value, '$.error'),
    leased_until = NULL,
    retry_at = strftime('%%Y-%%m-%%d %%H:%%M:%%f', 'now', json_extract(failure.value, '$.delay') || ' seconds')
FROM json_each(%(entries)s) AS failure
WHERE state <> 'dead' AND search_outbox.key = json_extract(failure.value, '$.key')
  AND search_outbox.token = json_extract(failure.value, '$.token')

-- name: mark_dead
UPDATE search_outbox
SET state = 'dead', attempts = attempts + 1, last_error = json_extract(failure.value, '$.error'), leased_until = NULL
FROM json_each(%(entries)s) AS failure
WHERE search_outbox.key = json_extract(failure.value, '$.key')
  AND search_outbox.token = json_extract(failure.value, '$.token')

-- name: raise_version
UPDATE search_outbox
SET version = max(version, json_extract(conflict.value, '$.version')) + 1, token = lower(hex(randomblob(16))),
    state = 'pending', settled_at = NULL, leased_until = NULL,
    retry_at = strftime('%%Y-%%m-%%d %%H:%%M:%%f', 'now')
FROM json_each(%(entries)s) AS conflict
WHERE search_outbox.key = json_extract(conflict.value, '$.key')
  AND search_outbox.token = json_extract(conflict.value, '$.token')
