"""What the hot paths ask of database and engine, by count: it holds on any machine what the benchmarks won on one."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import current_thread
from typing import Any

import pytest
from django.core.management import call_command
from django.db.backends.utils import CursorWrapper
from django.test import Client

from orders.models import Order
from search.client.node import DeadlineNode
from search.models import Entry
from search.push import sender
from search.push.push import push_keys
from search.push.relay import Relay

READ = ["BEGIN", "SELECT", "SELECT", "SELECT", "SELECT", "COMMIT"]  # entries, rows, their lines, targets
REBUILD, DRIFT = (61, 29), (6, 10)  # statements and calls, of two documents
pytestmark = [pytest.mark.engine, pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


@dataclass
class Recording:
    """The statements by thread, and the calls to the engine, in order."""

    statements: dict[str, list[str]] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)

    def counts(self) -> tuple[int, int]:
        """Statements of all threads, calls."""
        return sum(map(len, self.statements.values())), len(self.calls)


@pytest.fixture
def recorded(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A context manager that records the statements and calls inside."""
    records: list[Recording] = []
    execute, perform = CursorWrapper._execute_with_wrappers, DeadlineNode.perform_request  # type: ignore[attr-defined]

    def executed(self: Any, sql: str, params: Any, many: bool, executor: Any) -> Any:
        for record in records:
            name = "sender" if current_thread().name == "search-sender" else "own"
            record.statements.setdefault(name, []).append(" ".join(sql.split()[:1]))
        return execute(self, sql, params, many, executor)

    def performed(self: Any, method: str, target: str, **options: Any) -> Any:
        for record in records if target.partition("?")[0] != "/" else ():  # a sender may look at any time
            record.calls.append(f"{method} {target.partition('?')[0]}")
        return perform(self, method, target, **options)

    monkeypatch.setattr(CursorWrapper, "_execute_with_wrappers", executed)
    monkeypatch.setattr(DeadlineNode, "perform_request", performed)

    @contextmanager
    def record() -> Iterator[Recording]:
        records.append(Recording())
        try:
            yield records[-1]
        finally:
            records.pop()

    return record


def create(client: Client, number: int) -> None:
    order = {"order_number": f"n{number}", "customer_name": "John Doe", "total_amount": 1}
    assert client.post("/orders/create", order, content_type="application/json").status_code == 201


def rows(count: int, start: int) -> list[str]:
    """Create that many orders. Return the keys of all entries."""
    Order.objects.bulk_create(
        Order(order_number=f"r{start + number}", customer_name="Row", total_amount=1) for number in range(count)
    )
    return list(Entry.objects.values_list("key", flat=True))


def test_a_create_and_its_push(client: Client, indices: Any, recorded: Any, settings: Any) -> None:
    """The request: is the number taken, the row, its version, its lines. The push: one snapshot, one bulk."""
    settings.SEARCH_PUSH_TIMEOUT = 30.0
    create(client, 0)  # what each process does once
    sender.stop_all()
    with recorded() as recording:
        create(client, 1)
        sender.stop_all()  # once it has written down what it pushed
    assert recording.statements["own"] == ["SELECT", "INSERT", "SELECT", "SELECT"]
    assert recording.statements["sender"] == ["SET", *READ, "WITH"]
    assert recording.calls == ["PUT /_bulk"]


def test_a_create_that_the_relay_pushes(client: Client, indices: Any, recorded: Any, settings: Any) -> None:
    """The request alone: the triggers are in its own statements."""
    settings.SEARCH_PUSH = "async"
    create(client, 0)
    with recorded() as recording:
        create(client, 1)
    assert (recording.statements, recording.calls) == ({"own": ["SELECT", "INSERT", "SELECT", "SELECT"]}, [])


def test_a_change(client: Client, indices: Any, recorded: Any, settings: Any) -> None:
    """The row, locked, and its lines; what is changed, and its version; its lines as they are now."""
    settings.SEARCH_PUSH = "async"
    create(client, 0)
    changed = f"/orders/update/{Order.objects.get().pk}/"
    with recorded() as recording:
        assert client.patch(changed, {"total_amount": 2}, content_type="application/json").status_code == 200
    assert recording.statements == {"own": ["SELECT", "SELECT", "SAVEPOINT", "UPDATE", "SELECT", "RELEASE", "SELECT"]}
    assert recording.calls == []


@pytest.mark.parametrize("count", [1, 300])
def test_a_push_asks_the_same_for_one_row_and_for_300(indices: Any, recorded: Any, settings: Any, count: int) -> None:
    settings.SEARCH_PUSH = "async"
    keys = rows(count, 0)
    with recorded() as recording:
        assert len(push_keys(keys, "default")) == count
    assert recording.statements == {"own": READ}
    assert recording.calls == ["PUT /_bulk"]


def test_a_batch_of_the_relay(indices: Any, recorded: Any, settings: Any) -> None:
    """Claim, read, send, confirm."""
    settings.SEARCH_PUSH = "async"
    relay = Relay()
    rows(1, 0)
    relay.run_once()
    rows(300, 1)
    with recorded() as recording:
        assert relay.run_once() == 300
    assert recording.counts() == (8, 1)


@pytest.mark.slow
@pytest.mark.parametrize("command", ["search_index --rebuild", "search_drift"])
def test_a_rebuild_and_a_comparison_ask_the_same_for_one_row_and_for_300(
    indices: Any, recorded: Any, settings: Any, command: str
) -> None:
    """As many as fit into one range and one bulk."""
    settings.SEARCH_PUSH = "async"
    counts = []
    for count in (1, 300):
        rows(count, count)
        Relay().drain()
        call_command(*command.split(), verbosity=0)  # whatever is recorded the first time
        with recorded() as recording:
            call_command(*command.split(), verbosity=0)
        counts.append(recording.counts())
    assert counts[0] == counts[1] == {"search_index --rebuild": REBUILD, "search_drift": DRIFT}[command]


@pytest.mark.parametrize(("page", "calls"), [("&page=1", ["_search"]), ("", ["_pit", "_search", "_pit"])])
def test_a_search(client: Client, indices: Any, recorded: Any, settings: Any, page: str, calls: list[str]) -> None:
    """One question, with a point in time around it where pages may follow; none to the database."""
    settings.SEARCH_PUSH = "async"
    rows(3, 0)
    Relay().drain()
    indices.indices.refresh()
    client.get("/orders/search")
    with recorded() as recording:
        answer = client.get(f"/orders/search?q=row&status=placed&total_max=5&facets=true&highlight=true{page}").json()
    assert answer["count"] == 3
    assert (recording.statements, [call.split("/")[-1] for call in recording.calls]) == ({}, calls)
