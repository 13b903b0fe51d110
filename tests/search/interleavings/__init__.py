"""The traces of what can interleave, each made to happen on real servers, step by step.

A trace is an order of steps in which a design without one of this project's rules would lose a change. Which test
makes which happen (the files stand in this folder or in the one above it):

C1   order of reads      test_order_of_reads.py
C2   confirmation        test_confirm.py; the insert that waited for a delete: test_capture_postgresql.py
C3   shared bulks        test_sharing.py; every turn of the sender by itself: test_sender.py
C4   409 and restore     test_ahead.py; drift after a restore: ../index/test_drift.py; the states after a restore:
                         ../index/test_indices.py
C5   deletes             test_deletes.py; early pushes of a settling delete: test_push.py
C6   rebuild             test_rebuild.py, test_rebuild_killed.py
C7   two targets         test_targets.py
C8   retired index       test_targets.py
C9   alias as a name     test_targets.py
C10  torn documents      test_torn.py

PostgreSQL               test_postgresql.py; writers' order and commits: test_capture_postgresql.py; changed keys,
                         conflicts, savepoints as captured: test_capture.py; a deadlock that a view meets:
                         tests/orders/test_retry.py
SQLite                   test_sqlite.py
Elasticsearch            test_engine.py

The model in tests/model/ looks at every order of a few such steps; tests/search/test_random_histories.py draws
long ones.
"""
