"""Helpers for tests of indices: rows that are not pushed, and the contents of an index."""

from typing import Any

from elasticsearch import Elasticsearch

from orders.models import Order


def order(number: int, **values: Any) -> Order:
    """Return an unsaved order."""
    defaults = {"order_number": f"order{number:05}", "customer_name": f"Customer {number}", "total_amount": number}
    return Order(**(defaults | values))


def make_orders(count: int, **values: Any) -> list[Order]:
    """Create orders without a push (bulk_create() sends no signals) and return them with their versions."""
    Order.objects.bulk_create([order(number, **values) for number in range(1, count + 1)])
    return list(Order.objects.order_by("pk"))


def stored(engine: Elasticsearch, name: str) -> dict[str, dict[str, Any]]:
    """Return every document of an index by id."""
    engine.indices.refresh(index=name)
    hits = engine.search(index=name, size=10_000)["hits"]["hits"]
    return {hit["_id"]: hit["_source"] for hit in hits}


def versions(engine: Elasticsearch, name: str) -> dict[str, int]:
    """Return every document's version in Elasticsearch by id."""
    engine.indices.refresh(index=name)
    hits = engine.search(index=name, size=10_000, version=True, source=False)["hits"]["hits"]
    return {hit["_id"]: hit["_version"] for hit in hits}
