"""The way of a change begins here: a receiver adds the row's key, and after the commit one push carries all keys.

The database has captured the change already, in the same transaction (search/outbox/capture.py). A receiver never
calls Elasticsearch inside a transaction, and never raises into the caller. The relay pushes what this push does not.

Read on in push/sender.py, push/push.py, push/actions.py, push/bulk.py and outbox/transitions.py.
"""

from collections.abc import Iterator
from functools import partial
from typing import Any
from weakref import WeakKeyDictionary

from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Model
from django.db.models.signals import ModelSignal, post_delete, post_save
from django_elasticsearch_dsl.signals import BaseSignalProcessor

from .conf import conf
from .mapping.registry import documents
from .outbox.relations import parent_keys
from .push import request_status
from .push.sender import sender

# The keys of each connection's transaction. Weak, so that a thread's keys do not outlive its connections.
_pending: WeakKeyDictionary[BaseDatabaseWrapper, set[str]] = WeakKeyDictionary()


def on_row_changed(instance: Model, using: str, *, path: str = "", **kwargs: Any) -> None:
    """Add the key of a saved or deleted row, or of its parent at the end of `path`, to the transaction's one push."""
    keys = parent_keys(instance, path)
    _pending.setdefault(connections[using], set()).update(keys or ())
    # Each time: a savepoint's rollback drops the callbacks registered inside it.
    transaction.on_commit(partial(push_after_commit, using), using=using, robust=True)
    if keys is None:
        transaction.on_commit(partial(request_status.note, False), using=using, robust=True)


def push_after_commit(using: str) -> None:
    """Push all keys of the transaction. Of its callbacks the first to run takes the whole set."""
    keys = _pending.pop(connections[using], set())
    if keys:
        request_status.note(conf.PUSH == "sync" and sender(using).push(keys))


class RowChangedReceiver:
    """Receiver of post_save and post_delete for one model and the path from it to a document's row."""

    def __init__(self, model: type[Model], path: str) -> None:
        self.model = model
        self.path = path
        self.dispatch_uid = f"search.on_row_changed.{model._meta.label}.{path}"

    def __call__(self, instance: Model, using: str, **kwargs: Any) -> None:
        on_row_changed(instance, using, path=self.path)

    def connect(self, signal: ModelSignal) -> None:
        signal.connect(self, sender=self.model, weak=False, dispatch_uid=self.dispatch_uid)

    def disconnect(self, signal: ModelSignal) -> None:
        signal.disconnect(sender=self.model, dispatch_uid=self.dispatch_uid)


class SignalProcessor(BaseSignalProcessor):  # type: ignore[misc]  # the package has no types
    """Connects the receivers when django-elasticsearch-dsl's registry is complete: models are known through it only."""

    def setup(self) -> None:
        for receiver in _receivers():
            for signal in (post_save, post_delete):
                receiver.connect(signal)

    def teardown(self) -> None:
        """Disconnect the receivers. Changes are still captured, and the relay pushes them."""
        for receiver in _receivers():
            for signal in (post_save, post_delete):
                receiver.disconnect(signal)


def _receivers() -> Iterator[RowChangedReceiver]:
    return (RowChangedReceiver(model, path) for model, path in tracked_models())


def tracked_models() -> list[tuple[type[Model], str]]:
    """Return every model whose rows are in a document, with the path to the document's row (empty: its own)."""
    related = [(model, path) for document in documents() for model, path in document.capture.items()]
    return [(document.django.model, "") for document in documents()] + related
