"""Physical indices: their records in the database, the alias that is searched, and the lock of a rebuild.

Elasticsearch's alias decides which index is searched; the database's records decide which indices are written. Every
step in this package keeps the index that the alias names among the recorded targets, and a crash between two steps is
repaired by the next `lifecycle.create()`, which compares both.

May import `conf`, `exceptions`, `client`, `models`, `mapping`, `outbox` and `metrics`.
"""
