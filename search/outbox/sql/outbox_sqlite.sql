-- The outbox's moves on SQLite, which locks the whole database for each: short, and never in a request's way.
-- `read` is a JSON array of [key, token, ...] as they were read; an entry with a newer token is never touched.

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

-- name: remove
DELETE FROM search_outbox WHERE (key, token) IN (
    SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]') FROM json_each(%(read)s)
)

-- name: floor
INSERT INTO search_floor (model, version)
SELECT substr(key, 1, instr(key, ':') - 1) AS model, max(version) FROM search_outbox
WHERE state = 'settling' AND (key, token) IN (
    SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]') FROM json_each(%(read)s)
)
GROUP BY substr(key, 1, instr(key, ':') - 1)
ON CONFLICT (model) DO UPDATE SET version = max(version, excluded.version)

-- name: forget
DELETE FROM search_outbox WHERE state = 'settling' AND (key, token) IN (
    SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]') FROM json_each(%(read)s)
)

-- name: settle
UPDATE search_outbox
SET state = 'settling', settled_at = strftime('%%Y-%%m-%%d %%H:%%M:%%f', 'now'), attempts = 0, last_error = '',
    leased_until = NULL, retry_at = strftime('%%Y-%%m-%%d %%H:%%M:%%f', 'now', %(settle)s || ' seconds')
WHERE state = 'pending' AND (key, token) IN (
    SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]') FROM json_each(%(read)s)
)

-- name: postpone
UPDATE search_outbox
SET attempts = json_extract(failure.value, '$[3]'), last_error = json_extract(failure.value, '$[4]'),
    leased_until = NULL,
    retry_at = strftime('%%Y-%%m-%%d %%H:%%M:%%f', 'now', json_extract(failure.value, '$[2]') || ' seconds')
FROM json_each(%(read)s) AS failure
WHERE state <> 'dead' AND search_outbox.key = json_extract(failure.value, '$[0]')
  AND search_outbox.token = json_extract(failure.value, '$[1]')

-- name: bury
UPDATE search_outbox
SET state = 'dead', attempts = attempts + 1, last_error = json_extract(failure.value, '$[2]'), leased_until = NULL
FROM json_each(%(read)s) AS failure
WHERE search_outbox.key = json_extract(failure.value, '$[0]')
  AND search_outbox.token = json_extract(failure.value, '$[1]')

-- name: raise
UPDATE search_outbox
SET version = max(version, json_extract(ahead.value, '$[2]')) + 1, token = lower(hex(randomblob(16))),
    state = 'pending', settled_at = NULL, leased_until = NULL,
    retry_at = strftime('%%Y-%%m-%%d %%H:%%M:%%f', 'now')
FROM json_each(%(read)s) AS ahead
WHERE search_outbox.key = json_extract(ahead.value, '$[0]')
  AND search_outbox.token = json_extract(ahead.value, '$[1]')
