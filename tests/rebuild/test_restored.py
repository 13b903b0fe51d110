"""A database restored from a backup: nothing is confirmed wrongly, and three commands bring the index in step."""

from collections.abc import Iterator
from io import StringIO

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from elasticsearch import Elasticsearch
from psycopg import sql

from order_search.documents import OrderDocument
from orders.models import Order
from search.models import Entry, Index
from search.push.sender import sender
from search.rebuild import rebuild
from search.rebuild.rebuild import Options
from tests.factories import OrderFactory
from tests.search.interleavings.ends import assert_quiet, drain_now
from tests.search.interleavings.rebuilding import ALIAS, live, named
from tests.support import assert_in_step

pytestmark = [pytest.mark.real, pytest.mark.postgres, pytest.mark.slow]
COUNT = 50


def server() -> psycopg.Connection:
    """Connect to the server's own database: the tests' one must have no session while it is copied."""
    found = connection.settings_dict
    where = {"host": found["HOST"], "port": found["PORT"], "user": found["USER"], "password": found["PASSWORD"]}
    return psycopg.connect(dbname="postgres", autocommit=True, **where)


def copy(source: str, target: str) -> None:
    """Replace the database `target` by a copy of `source`."""
    connection.close()
    names = sql.Identifier(target), sql.Identifier(source)
    with server() as session:
        session.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(names[0]))
        session.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(*names))


@pytest.fixture
def backup(indices: Elasticsearch, settings) -> Iterator[str]:
    """Create orders in step, and back up their database; return its name."""
    settings.SEARCH_PUSH = "off"
    settings.SEARCH_PUSH_TIMEOUT = 5
    OrderFactory.create_batch(COUNT)
    drain_now()
    name = f"{connection.settings_dict['NAME']}_backup"
    copy(connection.settings_dict["NAME"], name)
    yield name
    with server() as session:
        session.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(name)))


def restore(name: str) -> None:
    """Restore the database; all its sessions end."""
    sender("default").stop()
    copy(name, connection.settings_dict["NAME"])


def live_on() -> None:
    """Create, change and delete orders, and push them; the restore loses all of it."""
    OrderFactory.create_batch(5)
    first, second, *_ = Order.objects.order_by("pk")
    Order.objects.filter(pk=first.pk).update(customer_name="Lost")
    Order.objects.filter(pk=second.pk).delete()
    drain_now()
    drain_now()


def run(*arguments: str) -> tuple[int, str]:
    """Return a command's exit code and output."""
    out = StringIO()
    try:
        call_command(*arguments, "--models", "orders", stdout=out, stderr=out)
    except CommandError as error:
        return error.returncode, str(error)
    except SystemExit as end:
        return int(end.code or 0), out.getvalue()
    return 0, out.getvalue()


def repair_until_clean() -> None:
    """Run search_drift --repair and the relay until nothing differs."""
    codes: list[int] = []
    while not codes or codes[-1]:
        assert len(codes) < 5, codes
        codes.append(run("search_drift", "--repair")[0])
        drain_now()
    assert run("search_drift", "--deep") == (0, f"{ALIAS}: {COUNT} rows, {COUNT} documents, in step\n")


def test_without_a_rebuild_in_between(backup: str) -> None:
    """The index has the lost changes: versions above the rows', and the tombstone of a row that exists again."""
    live_on()
    restore(backup)
    code, said = run("search_drift")
    assert (code, said.splitlines()[0]) == (
        1,
        f"{ALIAS}: {COUNT} rows, {COUNT + 4} documents, 1 missing, 1 stale, 5 orphaned",
    )
    repair_until_clean()
    assert_quiet()


@pytest.mark.parametrize("standby", [True, False], ids=["the old index is standby", "the old index is deleted"])
def test_a_rebuild_was_swapped_in_since_the_backup(backup: str, indices: Elasticsearch, standby: bool) -> None:
    """C4: the old index is recorded as live, and the alias names an index without a record."""
    old = live()
    new = rebuild.rebuild(OrderDocument, options=Options(workers=1, standby=standby)).name
    live_on()
    restore(backup)
    assert (live(), named(indices)) == (old, [new])
    order = OrderFactory.create()
    assert sender("default").push([f"orders.Order:{order.pk}"]) is False
    assert Entry.objects.pending().count() == 1
    Order.objects.filter(pk=order.pk).delete()
    code, said = run("search_drift")
    assert (code, f"{ALIAS} names {new}, {old} is recorded as live" in said) == (2, True)
    code, said = run("search_index", "--create")
    assert (code, said.splitlines()[:2]) == (
        0,
        [
            f"{ALIAS}: {new} is there already",
            f"{ALIAS}: {old} was recorded as live; run manage.py search_drift --repair",
        ],
    )
    assert (live(), Index.objects.get(name=old).state) == (new, "retired")
    repair_until_clean()
    assert_quiet()
    assert_in_step()
