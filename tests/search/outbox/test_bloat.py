"""The outbox next to a long transaction, whose snapshot keeps the dead rows of all entries confirmed since."""

import threading

import pytest
from django.db import connection, transaction

from search.models import Entry
from search.outbox import transitions
from search.outbox.statements import load_statements
from tests.support import in_threads

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres, pytest.mark.slow]
ROUNDS, ROWS = 1000, 100


def sql(text, values=None):
    with connection.cursor() as cursor:
        cursor.execute(text, values)
        return cursor.fetchall() if cursor.description else []


def capture():
    """100 changes, as the triggers write them; their keys and tokens."""
    return sql(
        "INSERT INTO search_outbox (key, version, deleted, token, state, first_changed_at, changed_at, retry_at, "
        "attempts, last_error) SELECT 'shop.Item:' || gen_random_uuid(), 1, false, gen_random_uuid(), 'pending', "
        "clock_timestamp(), clock_timestamp(), clock_timestamp(), 0, '' FROM generate_series(1, %s) "
        "RETURNING key, token",
        [ROWS],
    )


def confirm(rows):
    """Confirm entries by key and token, as a push does."""
    values = {"key": [key for key, _ in rows], "token": [token.hex for _, token in rows]}
    sql(load_statements("outbox_postgresql.sql")["confirm"], values)


def pages(within=transitions.ANY_AGE):
    """How many pages a claim of all that is due touches: what a busy machine cannot change."""
    values = {"limit": 500, "older": 0, "within": within, "lease": -1}
    explained = sql(
        "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) " + load_statements("outbox_postgresql.sql")["claim"], values
    )
    plan = explained[0][0][0]["Plan"]
    return plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]


@pytest.fixture
def old_snapshot():
    """A transaction that sees the outbox as it was before all this."""
    opened, over = threading.Event(), threading.Event()

    def hold():
        with transaction.atomic():
            sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            sql("SELECT count(*) FROM search_outbox")
            opened.set()
            over.wait(600)

    thread = threading.Thread(target=lambda: in_threads(hold))
    thread.start()
    assert opened.wait(30)
    yield
    over.set()
    thread.join()


@pytest.mark.timeout(600)
def test_claims_stay_fast_after_100_000_changes(old_snapshot):
    def work():
        transitions.connect("default")
        read = capture()
        first = pages()
        for _ in range(ROUNDS):
            [(checked_at,)] = sql("SELECT clock_timestamp()")
            confirm(read)
            read = capture()
        size = sql("SELECT pg_relation_size('search_outbox') / 8192")[0][0]
        everything = pages()
        [(since,)] = sql("SELECT extract(epoch FROM clock_timestamp() - %s)", [checked_at])
        return first, everything, pages(within=since), size

    [(first, everything, lately, size)] = in_threads(work)
    assert Entry.objects.count() == ROWS
    assert size > 1000  # the old transaction does keep what was removed
    # All that is due: each page of the table once, and of the index; not each of the 100,000 rows.
    assert everything < 2 * size
    # What became due since the last look, which is what a relay asks for where that takes long: as at the start.
    assert lately < everything / 2
    assert lately < 3 * first + 100


def test_autovacuum_is_set_to_run_early():
    [(options,)] = sql("SELECT reloptions FROM pg_class WHERE relname = 'search_outbox'")
    assert set(options) >= {"autovacuum_vacuum_scale_factor=0", "autovacuum_vacuum_threshold=1000", "fillfactor=70"}
