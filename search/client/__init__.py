"""The Elasticsearch client: one `client()`, translation of its errors, and a node with a deadline.

May import conf and exceptions. The settings import `client.node`, so nothing here reads settings when imported.
"""

from .connection import client, client_with_timeout, ping
from .errors import translate_errors

__all__ = ["client", "client_with_timeout", "ping", "translate_errors"]
