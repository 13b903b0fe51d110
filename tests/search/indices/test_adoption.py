"""docs/adopting.md, run as it is written: a plain index of django-elasticsearch-dsl is adopted during searches."""

import re
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django_elasticsearch_dsl import Document
from django_elasticsearch_dsl.management.commands import search_index as package
from django_elasticsearch_dsl.registries import DocumentRegistry
from elasticsearch import Elasticsearch

from order_search.documents import OrderDocument
from orders.models import Order
from search.indices import aliases
from search.outbox import capture
from search.push.relay import Relay
from tests.search.engine_help import order, stored
from tests.search.management.running import run
from tests.support import assert_in_step

pytestmark = [pytest.mark.engine, pytest.mark.conformance, pytest.mark.django_db(transaction=True)]
PAGE = Path(__file__).resolve().parents[3] / "docs" / "adopting.md"
ALIAS = aliases.alias_of(OrderDocument)
ROWS, KEPT = 1000, 900


def session() -> Iterator[tuple[list[str], str]]:
    """Yield each command of the page and the output that the page shows."""
    for block in re.findall(r"```console\n(.*?)```", PAGE.read_text(), re.DOTALL):
        for step in block.split("$ python manage.py ")[1:]:
            command, _, printed = step.partition("\n")
            yield command.split(), printed


def as_on_the_page(text: str) -> str:
    """Remove the tests' prefix and the time in the names of indices."""
    return re.sub(r"(?<=orders-)\d{20}", "MOMENT", text.replace(ALIAS, "orders"))


@pytest.fixture
def plain(engine: Elasticsearch, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Elasticsearch:
    """Start as the page does: rows without capture, and a plain index created by django-elasticsearch-dsl's command."""
    settings.SEARCH_PUSH = "async"  # the relay does all, when the page says so
    capture.remove()
    registry = DocumentRegistry()

    @registry.register_document
    class PlainDocument(Document):  # type: ignore[misc]  # the package has no types
        class Index:
            name = ALIAS

        class Django:
            model = Order
            fields = ["id", "order_number", "customer_name", "total_amount", "created_at", "updated_at"]

    monkeypatch.setattr(package, "registry", registry)
    monkeypatch.setattr("search.mapping.registry.documents", lambda: [OrderDocument])
    names = ["Kept"] * KEPT + ["Other"] * (ROWS - KEPT)
    Order.objects.bulk_create(order(number, customer_name=name, version=10**9) for number, name in enumerate(names))
    for action in ("--create", "--populate"):
        call_command(package.Command(), action, "--refresh", verbosity=0)
    assert len(stored(engine, ALIAS)) == ROWS
    return engine


class Searcher(threading.Thread):
    """Searches over HTTP repeatedly for the orders that are kept."""

    def __init__(self) -> None:
        super().__init__()
        self.stopped, self.found = threading.Event(), Counter[Any]()

    def run(self) -> None:
        client = Client(raise_request_exception=False)
        while not self.stopped.wait(0.005):
            answer = client.get("/orders/search", {"q": "Kept", "page_size": "1"})
            self.found[answer.json().get("count", answer.content)] += 1


def writes(step: int) -> None:
    """Create, delete and change one order each."""
    Order.objects.create(order_number=f"new{step}", customer_name="New", total_amount=1)
    gone, changed = Order.objects.filter(customer_name="Other").order_by("pk")[:2]
    gone.delete()
    Order.objects.filter(pk=changed.pk).update(customer_name="Changed")


def test_the_page(plain: Elasticsearch, settings: Any) -> None:
    settings.SEARCH_TIMEOUT = 30.0  # this test is not about speed
    searcher = Searcher()
    searcher.start()
    try:
        steps = list(session())
        for at, (command, printed) in enumerate(steps):
            ran = run(*command)
            output = ran.output if ran.code == 0 else ran.errors
            assert (ran.code, as_on_the_page(output)) == (int("CommandError" in printed), as_on_the_page(printed))
            if at < len(steps) - 2:
                writes(at)
            if at > 2:  # adopted: what is written is found at once, in whichever index it is
                Relay().drain()
                assert_found(plain)
    finally:
        searcher.stopped.set()
        searcher.join()
    assert set(searcher.found) == {KEPT}
    assert searcher.found[KEPT] > len(steps)
    assert list(plain.indices.get(index=f"{ALIAS}*")) == list(plain.indices.get_alias(name=ALIAS))
    assert_in_step(aliases.alias_target(ALIAS))


def assert_found(engine: Elasticsearch) -> None:
    """Assert that the searched index has every row in its current state."""
    found = {pk: source["customer_name"] for pk, source in stored(engine, ALIAS).items()}
    assert found == {str(pk): name for pk, name in Order.objects.values_list("pk", "customer_name")}
