"""A search index in Elasticsearch that is kept in step with the database, for any model.

A module may import from those before it: conf and exceptions; client; models; mapping; outbox; metrics; indices; push;
drift; rebuild; query; then status, row_status, signals, middleware, admin, checks and apps; and last management.

The way of a change:

1. A save or delete fires the database's triggers, which write an entry in its transaction (outbox/sql/capture_*.sql).
2. The receiver adds the row's key to the transaction's one push, which runs after the commit (signals.py).
3. The sender's thread takes the keys of all waiting requests as one batch (push/sender.py).
4. `push_keys` joins the next three steps (push/push.py).
5. `build_actions` reads entries, rows and targets in one snapshot (push/actions.py).
6. `post_bulk` sends the actions, and `outcomes` says what each response means (push/bulk.py).
7. The request is answered `indexed` or `pending`; the relay retries what is pending (push/relay.py).
8. `apply_results` removes confirmed entries and schedules the others (outbox/transitions.py).
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .mapping.base import VersionedDocument

__all__ = ["VersionedDocument"]


def __getattr__(name: str) -> Any:
    """Import VersionedDocument when it is first used: the settings import search.client before apps are loaded."""
    if name == "VersionedDocument":
        from .mapping.base import VersionedDocument

        return VersionedDocument
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
