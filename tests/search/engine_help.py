"""What the tests of indices share: rows without a push, and a look into an index as it is."""

from typing import Any

from elasticsearch import Elasticsearch

from orders.models import Order


def order(number: int, **values: Any) -> Order:
    """An unsaved order."""
    defaults = {"order_number": f"order{number:05}", "customer_name": f"Customer {number}", "total_amount": number}
    return Order(**(defaults | values))


def make_orders(count: int, **values: Any) -> list[Order]:
    """Rows that no receiver hears of: bulk_create sends no signals, so nothing is pushed. Read back, with versions."""
    Order.objects.bulk_create([order(number, **values) for number in range(1, count + 1)])
    return list(Order.objects.order_by("pk"))


def stored(engine: Elasticsearch, name: str) -> dict[str, dict[str, Any]]:
    """Every document of an index, by id."""
    engine.indices.refresh(index=name)
    hits = engine.search(index=name, size=10_000)["hits"]["hits"]
    return {hit["_id"]: hit["_source"] for hit in hits}


def versions(engine: Elasticsearch, name: str) -> dict[str, int]:
    """Every document's version as the engine keeps it, by id."""
    engine.indices.refresh(index=name)
    hits = engine.search(index=name, size=10_000, version=True, source=False)["hits"]["hits"]
    return {hit["_id"]: hit["_version"] for hit in hits}
