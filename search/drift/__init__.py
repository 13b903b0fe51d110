"""Drift: where an index differs from the database, and its repair.

`run` compares the live index of one document and stores the result. `compare` finds the differences, with `checksums`
over ranges of `rows`; `row_diff` compares single rows; `repair` turns differences into ordinary changes.

May import conf, exceptions, client, models, mapping, outbox, metrics, indices and push.
"""
