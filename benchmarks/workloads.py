"""Work for a contender's own process and environment: python -m benchmarks.workloads NAME ARGUMENTS. Prints JSON."""

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from time import perf_counter, sleep
from typing import Any

import django

Work = Callable[..., dict[str, Any]]


def token() -> dict[str, Any]:
    """A user's token, for a service whose debug is off."""
    from django.contrib.auth.models import User
    from rest_framework.authtoken.models import Token

    user, _ = User.objects.get_or_create(username="load")
    return {"token": Token.objects.get_or_create(user=user)[0].key}


def saves(run: str, count: str) -> dict[str, Any]:
    """So many new orders in one transaction, saved one by one."""
    from django.db import transaction

    from orders.models import Order

    def once(name: str) -> float:
        began = perf_counter()
        with transaction.atomic():
            for number in range(int(count)):
                Order.objects.create(order_number=f"{name}-{number}", customer_name="John Doe", total_amount=1)
        return perf_counter() - began

    once(f"{run}-warm")
    return {"seconds": once(run)}


def update(name: str) -> dict[str, Any]:
    """One UPDATE of every order, until none of them waits for the index; where nothing queues them, just the UPDATE."""
    from django.apps import apps

    from orders.models import Order

    began = perf_counter()
    Order.objects.update(customer_name=name)
    written = perf_counter() - began
    if apps.is_installed("search"):
        from search.models import Entry

        while Entry.objects.pending().exists():
            sleep(0.01)
    return {"seconds": perf_counter() - began, "statement_seconds": written}


def bodies(path: str, index: str) -> dict[str, Any]:
    """All documents as the rebuild sends them, in a file of bulk bodies for this index; each body's bytes."""
    from search.conf import conf

    sizes = []
    with Path(path).open("wb") as file:
        for operations in read_all(index, conf.BULK_MAX_DOCUMENTS):
            sizes.append(file.write(b"".join(each.body + b"\n" for each in operations)))
    return {"sizes": sizes}


def read_all(index: str, size: int) -> Iterator[list[Any]]:
    """The rebuild's own operations of every row, in key order."""
    from order_search.documents import OrderDocument
    from search.rebuild.backfill import Filler

    filler, after = Filler(OrderDocument, index, "default", size=size), None
    while chunk := filler.read(filler.rows().order_by("pk"), after):
        yield chunk.operations
        after = chunk.last_pk


def compare(size: str) -> dict[str, Any]:
    """Every row's document made anew, and compared with the one in the index; how many differ, and how long it took."""
    import orjson
    from elasticsearch.dsl.connections import connections

    from order_search.documents import OrderDocument

    client, name = connections.get_connection(), OrderDocument._index._name
    began, compared, differ = perf_counter(), 0, 0
    for operations in read_all(name, int(size)):
        ours = [orjson.loads(each.body.split(b"\n", 1)[1]) for each in operations]
        span = {"range": {"row_key": {"gte": ours[0]["row_key"], "lte": ours[-1]["row_key"]}}}
        hits = client.search(index=name, query=span, size=int(size), sort="_doc", filter_path="hits.hits._source")
        theirs = {hit["_source"]["row_key"]: hit["_source"] for hit in hits["hits"]["hits"]}
        compared += len(theirs)
        differ += sum(each != theirs.get(each["row_key"]) for each in ours)
    return {"seconds": perf_counter() - began, "compared": compared, "differ": differ}


def push(count: str) -> dict[str, Any]:
    """One push of so many changed orders, spread over the table; a first one goes before, untimed."""
    from orders.models import Order
    from search.push.relay import Relay

    rows = Order.objects.count()
    chosen = list(range(1, rows + 1, rows // int(count)))[: int(count)]
    relay = Relay(batch_size=int(count))

    def once(note: str) -> float:
        relay.drain()
        Order.objects.filter(pk__in=chosen).update(note=note)
        began = perf_counter()
        assert relay.run_once() == int(count), "somebody else pushes"
        return perf_counter() - began

    once("Leave it with the neighbour")
    return {"seconds": once("Ring twice")}


def rebuild() -> dict[str, Any]:
    """A rebuild, its verification and swap included."""
    from django.core.management import call_command

    began = perf_counter()
    call_command("search_index", "--rebuild", verbosity=0)
    return {"seconds": perf_counter() - began}


def searches(token: str, *addresses: str) -> dict[str, Any]:
    """All that the service sends to the engine for each of these addresses, to the byte."""
    from django.test import Client
    from elasticsearch.dsl.connections import connections

    client = Client(headers={"Authorization": f"Token {token}", "Host": "127.0.0.1"})
    latest: list[dict[str, Any]] = []
    for node in connections.get_connection().transport.node_pool.all():
        record(node, latest)
    return {"sent": [asked(client, address, latest) for address in addresses]}


def asked(client: Any, address: str, latest: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What was sent when there was an answer: the first ones of a cold engine may come too late."""
    for _ in range(20):
        latest.clear()
        if client.get(address).status_code == 200:
            return [*latest]
    raise AssertionError(f"no answer: {address}")


def record(node: Any, sent: list[dict[str, Any]]) -> None:
    """Have a node of the client write down what it sends."""
    send = node.perform_request

    def recorded(method: str, target: str, body: bytes | None = None, headers: Any = None, **options: Any) -> Any:
        text = body.decode() if body else ""
        sent.append({"method": method, "target": target, "headers": dict(headers or {}), "body": text})
        return send(method, target, body=body, headers=headers, **options)

    node.perform_request = recorded


WORK: dict[str, Work] = {
    work.__name__: work for work in (token, saves, update, bodies, compare, push, rebuild, searches)
}


def main() -> None:
    """Parse, work, report."""
    django.setup()
    print(json.dumps(WORK[sys.argv[1]](*sys.argv[2:])))


if __name__ == "__main__":
    main()
