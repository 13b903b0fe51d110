"""The one Elasticsearch client of this process, as configured for django-elasticsearch-dsl."""

from functools import lru_cache
from typing import Any

from elasticsearch import Elasticsearch
from elasticsearch.dsl.connections import connections


def client(**options: Any) -> Elasticsearch:
    """Return the project's client; `options` as in `Elasticsearch.options`, such as request_timeout in seconds."""
    connection: Elasticsearch = connections.get_connection()
    return connection.options(**options) if options else connection


def client_with_timeout(seconds: float) -> Elasticsearch:
    """Return the client with a request timeout, cached: creating one takes as long as a small bulk."""
    return _with_timeout(client(), seconds)


@lru_cache(maxsize=8)
def _with_timeout(connection: Elasticsearch, seconds: float) -> Elasticsearch:
    return connection.options(request_timeout=seconds)


def ping(timeout: float) -> None:
    """Make the smallest possible request. Raise the client's error if Elasticsearch does not respond in `timeout` s."""
    client_with_timeout(timeout).info(filter_path="version.number")
