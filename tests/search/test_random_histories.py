"""Writes, pushes, outages, late deliveries and restarts in any order: in the end index equals database.

Hypothesis draws the order, the same in each run. Each step is made to happen: nothing here waits and hopes.
"""

from collections.abc import Callable
from itertools import count
from typing import Any, ClassVar
from uuid import UUID

import pytest
from django.db import transaction
from django.test import override_settings
from elasticsearch import Elasticsearch
from elasticsearch.dsl.connections import connections
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from search.mapping.keys import Key
from search.models import Entry
from search.outbox.outcomes import Outcome
from search.push import bulk, request_status, sender
from search.push.relay import Relay
from tests.search.interleavings.ends import LONG_AGO, assert_quiet, forget_deletes
from tests.search.interleavings.paused import Push, stop_before_send
from tests.shop.documents import ItemDocument
from tests.shop.models import Item, Part
from tests.support import in_database, in_index

pytestmark = [pytest.mark.engine, pytest.mark.conformance, pytest.mark.slow, pytest.mark.timeout(300)]
ROLLED_BACK = "never committed"
NUMBERS = count(1)
ROWS = 3


def save(pk: UUID, name: str) -> None:
    """Create, update, or create again."""
    Item.objects.update_or_create(pk=pk, defaults={"name": name})


def update(pk: UUID, name: str) -> None:
    Item.objects.filter(pk=pk).update(name=name)


def update_all(pk: UUID, name: str) -> None:
    Item.objects.update(name=name)


def bulk_create(pk: UUID, name: str) -> None:
    """Create the rows that do not exist."""
    Item.objects.bulk_create([Item(pk=each, name=name) for each in neighbours(pk)], ignore_conflicts=True)


def bulk_upsert(pk: UUID, name: str) -> None:
    rows = [Item(pk=each, name=name) for each in neighbours(pk)]
    Item.objects.bulk_create(rows, update_conflicts=True, unique_fields=["id"], update_fields=["name"])


def delete(pk: UUID, name: str) -> None:
    Item.objects.filter(pk=pk).delete()


def raw_delete(pk: UUID, name: str) -> None:
    """Delete without sending signals."""
    Part.objects.filter(item=pk)._raw_delete("default")
    Item.objects.filter(pk=pk)._raw_delete("default")


def replace(pk: UUID, name: str) -> None:
    """Delete and create again, in one transaction."""
    with transaction.atomic():
        delete(pk, name)
        save(pk, name)


def add_part(pk: UUID, name: str) -> None:
    if Item.objects.filter(pk=pk).exists():
        Part.objects.create(item_id=pk, name=name)


def rename_parts(pk: UUID, name: str) -> None:
    Part.objects.filter(item=pk).update(name=name)


def move_parts(pk: UUID, name: str) -> None:
    """Make all parts those of this item."""
    if Item.objects.filter(pk=pk).exists():
        Part.objects.update(item=pk)


def remove_parts(pk: UUID, name: str) -> None:
    Part.objects.filter(item=pk).delete()


Write = Callable[[UUID, str], None]
BULKS: list[Write] = [update, update_all, bulk_create, bulk_upsert]
DELETES: list[Write] = [delete, raw_delete, replace]
RELATED: list[Write] = [add_part, rename_parts, move_parts, remove_parts]


def neighbours(pk: UUID) -> list[UUID]:
    """Return all keys of this key's run."""
    first = pk.int - pk.int % ROWS
    return [UUID(int=first + at) for at in range(ROWS)]


writes = st.sampled_from([save, *BULKS, *DELETES, *RELATED])
places = st.integers(0, ROWS - 1)
names = st.integers(0, 9).map(lambda number: f"name {number}")


class IndexMachine(RuleBasedStateMachine):
    """A few rows with their parts, the pushes that hold some of them in hand, and the engine."""

    engine: ClassVar[Elasticsearch]
    sent: ClassVar[list[bytes]]  # every operation of the run

    def __init__(self) -> None:
        super().__init__()
        wipe(self.engine)
        first = next(NUMBERS) * ROWS
        self.pks = [UUID(int=first + at) for at in range(ROWS)]
        self.held: list[Push] = []  # their rows are read, and nothing is sent
        self.up, self.restarted = True, False
        self.outages = self.grace_periods = 0
        bulk_create(self.pks[0], "the first")

    # Writes

    @rule(at=places, name=names)
    def save(self, at: int, name: str) -> None:
        """Save a row. If the request is answered `indexed`, it is in the index."""
        if self.commit(save, at, name) == "indexed":
            document = self.engine.get(index=ItemDocument._index._name, id=str(self.pks[at]))
            row = Item.objects.get(pk=self.pks[at])
            assert (document["_version"], document["_source"]["name"]) == (row.version, name)

    @rule(write=st.sampled_from(BULKS), at=places, name=names)
    def write_many(self, write: Write, at: int, name: str) -> None:
        self.commit(write, at, name)

    @rule(write=st.sampled_from(DELETES), at=places, name=names)
    def delete(self, write: Write, at: int, name: str) -> None:
        self.commit(write, at, name)

    @rule(write=st.sampled_from(RELATED), at=places, name=names)
    def write_related(self, write: Write, at: int, name: str) -> None:
        self.commit(write, at, name)

    def commit(self, write: Write, at: int, name: str) -> str:
        """Write as in a request. Return its X-Search-Status."""
        status = request_status.RequestStatus()
        token = request_status.current.set(status)
        try:
            write(self.pks[at], name)
        finally:
            request_status.current.reset(token)
        return str(status)

    @rule(write=writes, at=places)
    def roll_back(self, write: Write, at: int) -> None:
        with transaction.atomic():
            write(self.pks[at], ROLLED_BACK)
            transaction.set_rollback(True)

    @rule(kept=writes, undone=writes, at=places, other=places, name=names)
    def roll_back_to_savepoint(self, kept: Write, undone: Write, at: int, other: int, name: str) -> None:
        with transaction.atomic():
            with transaction.atomic():
                undone(self.pks[other], ROLLED_BACK)
                transaction.set_rollback(True)
            kept(self.pks[at], name)

    # The engine

    @precondition(lambda self: self.up and self.outages < 2)
    @rule()
    def engine_down(self) -> None:
        """Let the client connect to a port where nothing listens."""
        connections.add_connection("default", Elasticsearch("http://127.0.0.1:9", max_retries=0))
        self.up, self.outages = False, self.outages + 1

    @precondition(lambda self: not self.up)
    @rule()
    def engine_up(self) -> None:
        connections.add_connection("default", self.engine)
        self.up = True

    # Pushes

    @rule()
    def relay_step(self) -> None:
        Relay().run_once()

    @rule()
    def time_passes(self) -> None:
        """End all backoffs and leases. Deletes are still settling."""
        Entry.objects.pending().update(retry_at=LONG_AGO, leased_until=None)

    @precondition(lambda self: self.grace_periods < 2)
    @rule()
    def send_settling_deletes(self) -> None:
        """End the grace period. Rows that a push read before are too old to be sent."""
        with override_settings(SEARCH_DELETE_GRACE_PERIOD=1e-6):
            results = [result for push in self.held for result in push.end()]
        assert {result.outcome for result in results} <= {Outcome.RETRY, Outcome.SETTLING}, results
        self.held, self.grace_periods = [], self.grace_periods + 1
        Entry.objects.settling().update(retry_at=LONG_AGO, leased_until=None)
        Relay().run_once()

    @precondition(lambda self: len(self.held) < 4)
    @rule(ats=st.sets(places, min_size=1), name=names)
    def change_and_read(self, ats: set[int], name: str) -> None:
        """Start a push that reads a change, and pause it before it sends."""
        Item.objects.filter(pk__in=[self.pks[at] for at in ats]).update(name=name)
        keys = [str(Key("shop.Item", str(self.pks[at]))) for at in sorted(ats)]
        self.held.append(Push(keys).until("send"))

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def deliver_late(self, data: st.DataObject) -> None:
        """Resume a paused push, which sends and applies its results."""
        self.held.pop(data.draw(st.integers(0, len(self.held) - 1))).end()

    @precondition(lambda self: self.held and not self.restarted)
    @rule()
    def restart_and_deliver_late(self) -> None:
        """Restart the engine, which forgets its deletes, and resume all pushes. Once a run: it is the slowest step."""
        forget_deletes(self.engine, ItemDocument)
        self.restarted = True
        for push in self.held:
            push.end()
        self.held = []

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def deliver_late_and_hear_nothing(self, data: st.DataObject) -> None:
        """Resume a paused push whose documents arrive, and lose the response."""
        push = self.held.pop(data.draw(st.integers(0, len(self.held) - 1))).until("record")
        push.results.clear()
        push.end()

    def teardown(self) -> None:
        """Push everything and compare. Then delete all rows, and resume the paused pushes after that."""
        connections.add_connection("default", self.engine)
        sender.stop_all()  # it may still be writing down what it pushed
        self.time_passes()
        Relay().drain()
        self.assert_in_step_but_for_late_writes()
        for pk in self.pks:
            delete(pk, "")
        sender.stop_all()
        Relay().drain()
        if self.held and not self.restarted:
            forget_deletes(self.engine, ItemDocument)
        for push in self.held:
            push.end()
        assert_quiet()
        assert not [body for body in self.sent if ROLLED_BACK.encode() in body]

    def assert_in_step_but_for_late_writes(self) -> None:
        """After a restart a late write may show a deleted row until its delete is sent a second time."""
        indexed, rows = in_index(ItemDocument), in_database(ItemDocument)
        if self.restarted:
            settling = {Key.parse(key).pk for key in Entry.objects.settling().values_list("key", flat=True)}
            indexed = {pk: document for pk, document in indexed.items() if pk in rows or pk not in settling}
        assert indexed == rows


def wipe(engine: Elasticsearch) -> None:
    """Delete what a failed run has left. Each run has keys of its own."""
    Part.objects.all().delete()
    Item.objects.all().delete()
    Entry.objects.all().delete()
    alias = ItemDocument._index._name
    engine.indices.refresh(index=alias)
    for hit in engine.search(index=alias, version=True, source=False, size=100)["hits"]["hits"]:
        engine.delete(index=hit["_index"], id=hit["_id"], version=hit["_version"], version_type="external_gte")


def test_in_the_end_index_equals_database(
    indices: Elasticsearch, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    settings.SEARCH_BREAKER_RESET_TIMEOUT = 0.05  # the sender hears soon that the engine is back
    really = bulk._post

    def send(chunk: Any, timeout: float) -> Any:
        IndexMachine.sent += [operation.body for operation in chunk]
        return really(chunk, timeout)

    monkeypatch.setattr(bulk, "_post", send)
    stop_before_send(monkeypatch)
    IndexMachine.engine, IndexMachine.sent = indices, []
    run_state_machine_as_test(IndexMachine, settings=BOUNDS)
    assert len(IndexMachine.sent) > 100


BOUNDS = settings(
    max_examples=20,
    stateful_step_count=40,
    deadline=None,
    derandomize=True,
    print_blob=True,
    suppress_health_check=list(HealthCheck),
)
