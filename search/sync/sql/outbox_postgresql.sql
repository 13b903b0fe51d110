-- The outbox's moves on PostgreSQL. Each is one autocommitted statement with SKIP LOCKED: a writer never waits
-- for, or deadlocks with, what tidies up. An entry is named by key and token: a newer one is never touched.

-- name: claim
WITH chosen AS MATERIALIZED (
    SELECT key FROM search_outbox
    WHERE state <> 'dead' AND retry_at <= clock_timestamp()
      AND changed_at <= clock_timestamp() - %(older)s * interval '1 second'
      AND (leased_until IS NULL OR leased_until <= clock_timestamp())
    ORDER BY retry_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED
)
UPDATE search_outbox AS entry SET leased_until = clock_timestamp() + %(lease)s * interval '1 second'
FROM chosen WHERE entry.key = chosen.key
RETURNING entry.key

-- name: remove
WITH chosen AS MATERIALIZED (
    SELECT entry.key FROM search_outbox AS entry
    JOIN unnest(%(keys)s::text[], %(tokens)s::uuid[]) AS read(key, token)
      ON entry.key = read.key AND entry.token = read.token
    FOR UPDATE OF entry SKIP LOCKED
)
DELETE FROM search_outbox AS entry USING chosen WHERE entry.key = chosen.key

-- name: forget
WITH chosen AS MATERIALIZED (
    SELECT entry.key FROM search_outbox AS entry
    JOIN unnest(%(keys)s::text[], %(tokens)s::uuid[]) AS read(key, token)
      ON entry.key = read.key AND entry.token = read.token
    WHERE entry.state = 'settling'
    FOR UPDATE OF entry SKIP LOCKED
), gone AS (
    DELETE FROM search_outbox AS entry USING chosen WHERE entry.key = chosen.key
    RETURNING split_part(entry.key, ':', 1) AS model, entry.version
)
INSERT INTO search_floor AS floor (model, version)
SELECT model, max(version) FROM gone GROUP BY model ORDER BY model
ON CONFLICT (model) DO UPDATE SET version = greatest(floor.version, excluded.version)

-- name: settle
WITH chosen AS MATERIALIZED (
    SELECT entry.key FROM search_outbox AS entry
    JOIN unnest(%(keys)s::text[], %(tokens)s::uuid[]) AS read(key, token)
      ON entry.key = read.key AND entry.token = read.token
    WHERE entry.state = 'pending'
    FOR UPDATE OF entry SKIP LOCKED
)
UPDATE search_outbox AS entry
SET state = 'settling', settled_at = clock_timestamp(), attempts = 0, last_error = '', leased_until = NULL,
    retry_at = clock_timestamp() + %(settle)s * interval '1 second'
FROM chosen WHERE entry.key = chosen.key

-- name: postpone
WITH chosen AS MATERIALIZED (
    SELECT entry.key, read.delay, read.attempts, read.error FROM search_outbox AS entry
    JOIN unnest(%(keys)s::text[], %(tokens)s::uuid[], %(delays)s::float8[], %(attempts)s::int[], %(errors)s::text[])
      AS read(key, token, delay, attempts, error) ON entry.key = read.key AND entry.token = read.token
    WHERE entry.state <> 'dead'
    FOR UPDATE OF entry SKIP LOCKED
)
UPDATE search_outbox AS entry
SET attempts = chosen.attempts, last_error = chosen.error, leased_until = NULL,
    retry_at = clock_timestamp() + chosen.delay * interval '1 second'
FROM chosen WHERE entry.key = chosen.key

-- name: bury
WITH chosen AS MATERIALIZED (
    SELECT entry.key, read.error FROM search_outbox AS entry
    JOIN unnest(%(keys)s::text[], %(tokens)s::uuid[], %(errors)s::text[])
      AS read(key, token, error) ON entry.key = read.key AND entry.token = read.token
    FOR UPDATE OF entry SKIP LOCKED
)
UPDATE search_outbox AS entry
SET state = 'dead', attempts = entry.attempts + 1, last_error = chosen.error, leased_until = NULL
FROM chosen WHERE entry.key = chosen.key

-- name: raise
WITH chosen AS MATERIALIZED (
    SELECT entry.key, read.version FROM search_outbox AS entry
    JOIN unnest(%(keys)s::text[], %(tokens)s::uuid[], %(versions)s::bigint[])
      AS read(key, token, version) ON entry.key = read.key AND entry.token = read.token
    FOR UPDATE OF entry SKIP LOCKED
)
UPDATE search_outbox AS entry
SET version = greatest(entry.version, chosen.version) + 1, token = gen_random_uuid(), state = 'pending',
    settled_at = NULL, leased_until = NULL, retry_at = clock_timestamp()
FROM chosen WHERE entry.key = chosen.key
