"""The Elasticsearch client: one `client()`, its errors as this package's own, and a node with a deadline.

May import `conf` and `exceptions` only. Settings import `client.node`, so nothing here reads settings when imported.
"""

from .connection import client, client_with_timeout, ping
from .errors import translate_errors

__all__ = ["client", "client_with_timeout", "ping", "translate_errors"]
