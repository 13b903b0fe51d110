"""The story of a change: a save or a delete is noted, and after the commit one push carries all of them.

The database has captured the change already, in the same transaction (search/outbox/capture.py). A receiver only notes
the row's key; it never talks to the engine inside a transaction, and never raises into the caller. What this push does
not reach, the relay does.
"""

import logging
from functools import partial
from typing import Any
from weakref import WeakKeyDictionary

from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Model
from django.db.models.signals import post_delete, post_save
from django_elasticsearch_dsl.signals import BaseSignalProcessor

from .conf import conf
from .mapping.registry import documents
from .outbox.relations import parent_keys
from .push import request_status
from .push.sender import sender

logger = logging.getLogger(__name__)
_noted: WeakKeyDictionary[BaseDatabaseWrapper, set[str]] = WeakKeyDictionary()


def changed(instance: Model, using: str, *, path: str = "", **kwargs: Any) -> None:
    """A row was saved or deleted: note its key, or along `path` its parent's, for this transaction's one push."""
    keys, found = _noted.setdefault(connections[using], set()), parent_keys(instance, path)
    keys |= found or set()
    # Each time: a savepoint's rollback drops the callbacks registered inside it.
    transaction.on_commit(partial(push_noted, using), using=using, robust=True)
    if found is None:
        transaction.on_commit(partial(request_status.note, False), using=using, robust=True)


def push_noted(using: str) -> None:
    """After the commit: the first callback to run takes the whole set and pushes it."""
    keys = _noted.pop(connections[using], set())
    if keys:
        request_status.note(conf.PUSH == "sync" and sender(using).push(keys))


class SignalProcessor(BaseSignalProcessor):  # type: ignore[misc]  # the package has no types
    """Connects the receivers once django-elasticsearch-dsl's registry is full; search knows models only by it."""

    def setup(self) -> None:
        """Connect."""
        for model, path in watched():
            for signal in (post_save, post_delete):
                signal.connect(partial(changed, path=path), sender=model, weak=False, dispatch_uid=_uid(model, path))

    def teardown(self) -> None:
        """Disconnect: changes are still captured, and the relay pushes them."""
        for model, path in watched():
            for signal in (post_save, post_delete):
                signal.disconnect(sender=model, dispatch_uid=_uid(model, path))


def watched() -> list[tuple[type[Model], str]]:
    """Every model whose rows make a document, and the path from it to the document's row (empty: its own)."""
    found = [(document.django.model, "") for document in documents()]
    return found + [(model, path) for document in documents() for model, path in document.capture.items()]


def _uid(model: type[Model], path: str) -> str:
    return f"search.changed.{model._meta.label}.{path}"
