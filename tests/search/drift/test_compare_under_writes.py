"""A repair writes only what differs, and a comparison writes nothing: Elasticsearch counts the writes."""

from typing import Any

import pytest
from elasticsearch import Elasticsearch

from order_search.documents import OrderDocument
from orders.models import Order
from search.drift.run import check_drift
from search.indices import lifecycle
from search.models import Entry
from search.rebuild.populate import populate
from tests.search.engine_help import make_orders
from tests.support import assert_in_step

pytestmark = [pytest.mark.real, pytest.mark.conformance, pytest.mark.django_db(transaction=True)]
ROWS = 3000  # so that there are several ranges, most of which agree


@pytest.fixture
def name(engine: Elasticsearch) -> str:
    """Orders in the index and confirmed."""
    name = lifecycle.create(OrderDocument).name
    make_orders(ROWS)
    populate(OrderDocument)
    Entry.objects.all().delete()
    return name


def writes(engine: Elasticsearch, name: str) -> tuple[int, int]:
    """Return how many documents were ever written to and deleted from this index."""
    counts: dict[str, Any] = engine.indices.stats(index=name, metric="indexing")["_all"]["primaries"]["indexing"]
    return counts["index_total"], counts["delete_total"]


def versions() -> dict[int, int]:
    return dict(Order.objects.values_list("pk", "version"))


def test_only_what_differs_is_written(engine: Elasticsearch, name: str) -> None:
    missing, stale, altered = (Order.objects.order_by("pk")[at] for at in (0, ROWS // 2, ROWS - 1))
    engine.delete(index=name, id=str(missing.pk))
    Order.objects.filter(pk=stale.pk).update(customer_name="Its entry was lost")
    Entry.objects.all().delete()
    source = engine.get(index=name, id=str(altered.pk))["_source"]
    changed = source | {"customer_name": "By hand"}
    engine.index(index=name, id=str(altered.pk), document=changed, version=altered.version, version_type="external_gte")
    orphan = source | {"row_key": 10**9}
    engine.index(index=name, id=str(10**9), document=orphan, version=7, version_type="external")
    before, written = versions(), writes(engine, name)

    run = check_drift(OrderDocument, deep=True)
    assert {kind: ids for kind, ids in run.report.ids.items() if ids} == {
        "missing": [str(missing.pk)],
        "stale": [str(stale.pk)],
        "altered": [str(altered.pk)],
        "orphaned": [str(10**9)],
    }
    assert (writes(engine, name), versions(), Entry.objects.count()) == (written, before, 0)

    repaired = check_drift(OrderDocument, deep=True, with_repair=True)
    assert (repaired.repaired, repaired.resolved) == (4, True)
    assert writes(engine, name) == (written[0] + 3, written[1] + 1)
    after = versions()
    assert {pk for pk in before if before[pk] != after[pk]} == {missing.pk, stale.pk, altered.pk}
    assert_in_step(name)
    # The orphan's delete is settling, as every delete does.
    assert list(Entry.objects.values_list("key", "state")) == [(f"orders.Order:{10**9}", "settling")]
