"""Work in a process and an environment of a contender: python -m benchmarks.workloads NAME ARGUMENTS. Prints JSON."""

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from time import perf_counter, sleep
from typing import Any

import django

Workload = Callable[..., dict[str, Any]]


def token() -> dict[str, Any]:
    """Return a user's token, for a service whose debug is off."""
    from django.contrib.auth.models import User
    from rest_framework.authtoken.models import Token

    user, _ = User.objects.get_or_create(username="load")
    return {"token": Token.objects.get_or_create(user=user)[0].key}


def saves(run: str, count: str) -> dict[str, Any]:
    """Save new orders one by one in one transaction. Return the seconds."""
    from django.db import transaction

    from orders.models import Order

    def save_orders(name: str) -> float:
        started = perf_counter()
        with transaction.atomic():
            for number in range(int(count)):
                Order.objects.create(order_number=f"{name}-{number}", customer_name="John Doe", total_amount=1)
        return perf_counter() - started

    save_orders(f"{run}-warm")
    return {"seconds": save_orders(run)}


def update(name: str) -> dict[str, Any]:
    """Update every order in one statement and wait until no entry is pending. Return the seconds of both.

    Without an outbox there is only the statement.
    """
    from django.apps import apps

    from orders.models import Order

    started = perf_counter()
    Order.objects.update(customer_name=name)
    written = perf_counter() - started
    if apps.is_installed("search"):
        from search.models import Entry

        while Entry.objects.pending().exists():
            sleep(0.01)
    return {"seconds": perf_counter() - started, "statement_seconds": written}


def bodies(path: str, index: str) -> dict[str, Any]:
    """Write all documents, as the rebuild sends them, to a file of bulk bodies. Return the size of each body."""
    from search.conf import conf

    sizes = []
    with Path(path).open("wb") as file:
        for operations in read_all(index, conf.BULK_MAX_DOCUMENTS):
            sizes.append(file.write(b"".join(operation.body + b"\n" for operation in operations)))
    return {"sizes": sizes}


def read_all(index: str, size: int) -> Iterator[list[Any]]:
    from order_search.documents import OrderDocument
    from search.rebuild.backfill import Filler

    filler, after = Filler(OrderDocument, index, "default", size=size), None
    while chunk := filler.read(filler.rows().order_by("pk"), after):
        yield chunk.actions
        after = chunk.last_pk


def compare(size: str) -> dict[str, Any]:
    """Create every row's document and compare it with the indexed one. Return how many differ, and the seconds."""
    import orjson
    from elasticsearch.dsl.connections import connections

    from order_search.documents import OrderDocument

    client, name = connections.get_connection(), OrderDocument._index._name
    started, compared, differ = perf_counter(), 0, 0
    for operations in read_all(name, int(size)):
        documents = [orjson.loads(operation.body.split(b"\n", 1)[1]) for operation in operations]
        key_range = {"range": {"row_key": {"gte": documents[0]["row_key"], "lte": documents[-1]["row_key"]}}}
        hits = client.search(index=name, query=key_range, size=int(size), sort="_doc", filter_path="hits.hits._source")
        indexed = {hit["_source"]["row_key"]: hit["_source"] for hit in hits["hits"]["hits"]}
        compared += len(indexed)
        differ += sum(document != indexed.get(document["row_key"]) for document in documents)
    return {"seconds": perf_counter() - started, "compared": compared, "differ": differ}


def push(count: str) -> dict[str, Any]:
    """Push changed orders, spread over the table, at once. Return the seconds of a second push."""
    from orders.models import Order
    from search.push.relay import Relay

    rows = Order.objects.count()
    keys = list(range(1, rows + 1, rows // int(count)))[: int(count)]
    relay = Relay(batch_size=int(count))

    def push_orders(note: str) -> float:
        relay.drain()
        Order.objects.filter(pk__in=keys).update(note=note)
        started = perf_counter()
        assert relay.run_once() == int(count), "another process pushes"
        return perf_counter() - started

    push_orders("Leave it with the neighbour")
    return {"seconds": push_orders("Ring twice")}


def rebuild() -> dict[str, Any]:
    """Rebuild the index. Return the seconds, including verification and swap."""
    from django.core.management import call_command

    started = perf_counter()
    call_command("search_index", "--rebuild", verbosity=0)
    return {"seconds": perf_counter() - started}


def searches(token: str, *addresses: str) -> dict[str, Any]:
    """Return all that the service sends to the engine for each of these addresses, byte by byte."""
    from django.test import Client
    from elasticsearch.dsl.connections import connections

    client = Client(headers={"Authorization": f"Token {token}", "Host": "127.0.0.1"})
    requests: list[dict[str, Any]] = []
    for node in connections.get_connection().transport.node_pool.all():
        record(node, requests)
    return {"sent": [requests_of(client, address, requests) for address in addresses]}


def requests_of(client: Any, address: str, requests: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the requests of a search that succeeded: the first ones on a cold engine may time out."""
    for _ in range(20):
        requests.clear()
        if client.get(address).status_code == 200:
            return [*requests]
    raise AssertionError(f"no answer: {address}")


def record(node: Any, requests: list[dict[str, Any]]) -> None:
    perform_request = node.perform_request

    def recording(method: str, target: str, body: bytes | None = None, headers: Any = None, **options: Any) -> Any:
        text = body.decode() if body else ""
        requests.append({"method": method, "target": target, "headers": dict(headers or {}), "body": text})
        return perform_request(method, target, body=body, headers=headers, **options)

    node.perform_request = recording


WORKLOADS: dict[str, Workload] = {
    workload.__name__: workload for workload in (token, saves, update, bodies, compare, push, rebuild, searches)
}


def main() -> None:
    django.setup()
    print(json.dumps(WORKLOADS[sys.argv[1]](*sys.argv[2:])))


if __name__ == "__main__":
    main()
