"""Filling indices from the database: the rebuild of a whole index, and populate for some rows of the live one.

`rebuild` is the story; `backfill` walks the table, `worker_pool` shares its ranges among processes.

May import `conf`, `exceptions`, `client`, `models`, `mapping`, `outbox`, `metrics`, `indices`, `push` and `drift`.
"""
