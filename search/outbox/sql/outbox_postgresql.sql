-- The outbox's moves on PostgreSQL. Each is one autocommitted statement with SKIP LOCKED: a writer never waits
-- for, or deadlocks with, what tidies up. An entry is named by key and token: a newer one is never touched.
-- Entries are looked up one by one (LATERAL, ctid): no plan that was right for an empty outbox is wrong for a full one.
-- `state || ''` keeps the lookups from the index of what is due, which would be read whole for each.

-- name: claim
-- By statement_timestamp(), which bounds the index; clock_timestamp() would be asked again for each entry in it.
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

-- name: remove
WITH chosen AS MATERIALIZED (
    SELECT entry.ctid FROM unnest(%(keys)s::text[], %(tokens)s::uuid[]) AS read(key, token)
    CROSS JOIN LATERAL (
        SELECT ctid FROM search_outbox AS entry
        WHERE entry.key = read.key AND entry.token = read.token FOR UPDATE SKIP LOCKED
    ) AS entry
)
DELETE FROM search_outbox AS entry USING chosen WHERE entry.ctid = chosen.ctid

-- name: forget
WITH chosen AS MATERIALIZED (
    SELECT entry.ctid FROM unnest(%(keys)s::text[], %(tokens)s::uuid[]) AS read(key, token)
    CROSS JOIN LATERAL (
        SELECT ctid FROM search_outbox AS entry
        WHERE entry.key = read.key AND entry.token = read.token AND entry.state || '' = 'settling' FOR UPDATE SKIP LOCKED
    ) AS entry
), gone AS (
    DELETE FROM search_outbox AS entry USING chosen WHERE entry.ctid = chosen.ctid
    RETURNING split_part(entry.key, ':', 1) AS model, entry.version
)
INSERT INTO search_floor AS floor (model, version)
SELECT model, max(version) FROM gone GROUP BY model ORDER BY model
ON CONFLICT (model) DO UPDATE SET version = greatest(floor.version, excluded.version)

-- name: settle
WITH chosen AS MATERIALIZED (
    SELECT entry.ctid FROM unnest(%(keys)s::text[], %(tokens)s::uuid[]) AS read(key, token)
    CROSS JOIN LATERAL (
        SELECT ctid FROM search_outbox AS entry
        WHERE entry.key = read.key AND entry.token = read.token AND entry.state || '' = 'pending' FOR UPDATE SKIP LOCKED
    ) AS entry
)
UPDATE search_outbox AS entry
SET state = 'settling', settled_at = clock_timestamp(), attempts = 0, last_error = '', leased_until = NULL,
    retry_at = clock_timestamp() + %(settle)s * interval '1 second'
FROM chosen WHERE entry.ctid = chosen.ctid

-- name: postpone
WITH chosen AS MATERIALIZED (
    SELECT entry.ctid, read.delay, read.attempts, read.error
    FROM unnest(%(keys)s::text[], %(tokens)s::uuid[], %(delays)s::float8[], %(attempts)s::int[], %(errors)s::text[])
      AS read(key, token, delay, attempts, error)
    CROSS JOIN LATERAL (
        SELECT ctid FROM search_outbox AS entry
        WHERE entry.key = read.key AND entry.token = read.token AND entry.state || '' <> 'dead' FOR UPDATE SKIP LOCKED
    ) AS entry
)
UPDATE search_outbox AS entry
SET attempts = chosen.attempts, last_error = chosen.error, leased_until = NULL,
    retry_at = clock_timestamp() + chosen.delay * interval '1 second'
FROM chosen WHERE entry.ctid = chosen.ctid

-- name: bury
WITH chosen AS MATERIALIZED (
    SELECT entry.ctid, read.error
    FROM unnest(%(keys)s::text[], %(tokens)s::uuid[], %(errors)s::text[])
      AS read(key, token, error)
    CROSS JOIN LATERAL (
        SELECT ctid FROM search_outbox AS entry
        WHERE entry.key = read.key AND entry.token = read.token FOR UPDATE SKIP LOCKED
    ) AS entry
)
UPDATE search_outbox AS entry
SET state = 'dead', attempts = entry.attempts + 1, last_error = chosen.error, leased_until = NULL
FROM chosen WHERE entry.ctid = chosen.ctid

-- name: raise
WITH chosen AS MATERIALIZED (
    SELECT entry.ctid, read.version
    FROM unnest(%(keys)s::text[], %(tokens)s::uuid[], %(versions)s::bigint[])
      AS read(key, token, version)
    CROSS JOIN LATERAL (
        SELECT ctid FROM search_outbox AS entry
        WHERE entry.key = read.key AND entry.token = read.token FOR UPDATE SKIP LOCKED
    ) AS entry
)
UPDATE search_outbox AS entry
SET version = greatest(entry.version, chosen.version) + 1, token = gen_random_uuid(), state = 'pending',
    settled_at = NULL, leased_until = NULL, retry_at = clock_timestamp()
FROM chosen WHERE entry.ctid = chosen.ctid
