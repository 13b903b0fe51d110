"""An Elasticsearch for a single test, which may kill it."""

from collections.abc import Iterator
from contextlib import contextmanager

from elasticsearch import Elasticsearch
from elasticsearch.dsl.connections import connections

from tools import cache, elasticsearch, ports


@contextmanager
def own_elasticsearch() -> Iterator[elasticsearch.Server]:
    """Start a server without indices, and point this process's default connection to it for the block."""
    port = ports.free()
    # Its own folder: script/elasticsearch down must not find it.
    server = elasticsearch.server("8.19.8", port, home=cache.folder("faults", f"elasticsearch-{port}"), heap="512m")
    shared = connections.get_connection()
    try:
        server.start()
        connections.add_connection("default", Elasticsearch(server.url, max_retries=0, request_timeout=10))
        yield server
    finally:
        connections.add_connection("default", shared)
        server.remove()
