-- The transitions of the outbox on PostgreSQL. Each is one autocommitted statement with SKIP LOCKED, so a writer never
-- waits for, or deadlocks with, a confirmation. An entry is named by key and token: a newer one is never changed.
-- Entries are looked up one by one (LATERAL, ctid), so that a plan made for an empty outbox also fits a full one.
-- `state || ''` keeps these lookups from using the index of due entries, which would be read as a whole each time.

-- name: read
SELECT key, version, deleted, token, state, extract(epoch FROM first_changed_at)::float8, attempts,
    leased_until IS NOT NULL, last_error, retry_at <= statement_timestamp()
FROM "search_outbox" WHERE key = ANY(%(keys)s)

-- name: claim
-- statement_timestamp() can bound the index scan; clock_timestamp() is volatile and would be evaluated per entry.
WITH chosen AS MATERIALIZED (
    SELECT ctid FROM search_outbox
    WHERE state <> 'dead' AND retry_at <= statement_timestamp()
      AND retry_at >= statement_timestamp() - %(within)s * interval '1 second'
      AND changed_at <= statement_timestamp() - %(older)s * interval '1 second'
      AND (leased_until IS NULL OR leased_until <= statement_timestamp())
    ORDER BY retry_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED
)
UPDATE search_outbox AS entry SET leased_until = clock_timestamp() + %(lease)s * interval '1 second'
FROM chosen WHERE entry.ctid = chosen.ctid
RETURNING entry.key

-- name: confirm
WITH chosen AS MATERIALIZED (
    SELECT entry.ctid FROM unnest(%(key)s::text[], %(token)s::uuid[]) AS result(key, token)
    CROSS JOIN LATERAL (
        SELECT ctid FROM search_outbox AS entry
        WHERE entry.key = result.key AND entry.token = result.token FOR UPDATE SKIP LOCKED
    ) AS entry
)
DELETE FROM search_outbox AS entry USING chosen WHERE entry.ctid = chosen.ctid

-- name: delete_settled
WITH chosen AS MATERIALIZED (
    SELECT entry.ctid FROM unnest(%(key)s::text[], %(token)s::uuid[]) AS result(key, token)
    CROSS JOIN LATERAL (
        SELECT ctid FROM search_outbox AS entry
        WHERE entry.key = result.key AND entry.token = result.token AND entry.state || '' = 'settling' FOR UPDATE SKIP LOCKED
    ) AS entry
), deleted AS (
    DELETE FROM search_outbox AS entry USING chosen WHERE entry.ctid = chosen.ctid
    RETURNING split_part(entry.key, ':', 1) AS model, entry.version
)
INSERT INTO search_floor AS floor (model, version)
SELECT model, max(version) FROM deleted GROUP BY model ORDER BY model
ON CONFLICT (model) DO UPDATE SET version = greatest(floor.version, excluded.version)

-- name: settle
WITH chosen AS MATERIALIZED (
    SELECT entry.ctid FROM unnest(%(key)s::text[], %(token)s::uuid[]) AS result(key, token)
    CROSS JOIN LATERAL (
        SELECT ctid FROM search_outbox AS entry
        WHERE entry.key = result.key AND entry.token = result.token AND entry.state || '' = 'pending' FOR UPDATE SKIP LOCKED
    ) AS entry
)
UPDATE search_outbox AS entry
SET state = 'settling', settled_at = clock_timestamp(), attempts = 0, last_error = '', leased_until = NULL,
    retry_at = clock_timestamp() + %(grace_period)s * interval '1 second'
FROM chosen WHERE entry.ctid = chosen.ctid

-- name: postpone
WITH chosen AS MATERIALIZED (
    SELECT entry.ctid, result.delay, result.attempts, result.error
    FROM unnest(%(key)s::text[], %(token)s::uuid[], %(delay)s::float8[], %(attempts)s::int[], %(error)s::text[])
      AS result(key, token, delay, attempts, error)
    CROSS JOIN LATERAL (
        SELECT ctid FROM search_outbox AS entry
        WHERE entry.key = result.key AND entry.token = result.token AND entry.state || '' <> 'dead' FOR UPDATE SKIP LOCKED
    ) AS entry
)
UPDATE search_outbox AS entry
SET attempts = chosen.attempts, last_error = chosen.error, leased_until = NULL,
    retry_at = clock_timestamp() + chosen.delay * interval '1 second'
FROM chosen WHERE entry.ctid = chosen.ctid

-- name: mark_dead
WITH chosen AS MATERIALIZED (
    SELECT entry.ctid, result.error
    FROM unnest(%(key)s::text[], %(token)s::uuid[], %(error)s::text[])
      AS result(key, token, error)
    CROSS JOIN LATERAL (
        SELECT ctid FROM search_outbox AS entry
        WHERE entry.key = result.key AND entry.token = result.token FOR UPDATE SKIP LOCKED
    ) AS entry
)
UPDATE search_outbox AS entry
SET state = 'dead', attempts = entry.attempts + 1, last_error = chosen.error, leased_until = NULL
FROM chosen WHERE entry.ctid = chosen.ctid

-- name: raise_version
WITH chosen AS MATERIALIZED (
    SELECT entry.ctid, result.version
    FROM unnest(%(key)s::text[], %(token)s::uuid[], %(version)s::bigint[])
      AS result(key, token, version)
    CROSS JOIN LATERAL (
        SELECT ctid FROM search_outbox AS entry
        WHERE entry.key = result.key AND entry.token = result.token FOR UPDATE SKIP LOCKED
    ) AS entry
)
UPDATE search_outbox AS entry
SET version = greatest(entry.version, chosen.version) + 1, token = gen_random_uuid(), state = 'pending',
    settled_at = NULL, leased_until = NULL, retry_at = clock_timestamp()
FROM chosen WHERE entry.ctid = chosen.ctid
