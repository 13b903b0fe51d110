"""The end of a trace, with an empty outbox and an index that equals the database, and steps on the way there."""

from elasticsearch import Elasticsearch

from order_search.documents import OrderDocument
from search.mapping.base import VersionedDocument
from search.models import Entry, Index
from search.push.relay import Relay
from tests.support import assert_in_step

LONG_AGO = "2000-01-01T00:00:00Z"
FUTURE = 9_000_000_000_000_000  # a version of the year 2255: as if the clock had stepped back from there


def drain_now() -> None:
    """Make all entries due, and drain the outbox once."""
    Entry.objects.update(retry_at=LONG_AGO, leased_until=None)
    Relay().drain()


def assert_quiet() -> None:
    """Drain the outbox twice, so that deletes are confirmed twice. Assert that it is empty and the index is in step."""
    drain_now()
    drain_now()
    left = list(Entry.objects.values())
    assert left == [], left
    assert_in_step()


def outbox_entries() -> dict[str, tuple[int, str]]:
    """Return the outbox as {key: (version, state)}."""
    return {entry.key: (entry.version, entry.state) for entry in Entry.objects.all()}


def forget_deletes(engine: Elasticsearch, document: type[VersionedDocument] = OrderDocument) -> None:
    """Make the live index forget the versions of deletes, as a restart does. test_engine.py shows both."""
    name = Index.objects.live().get(alias=document._index._name).name
    engine.indices.close(index=name)
    engine.indices.open(index=name)
    engine.cluster.health(index=name, wait_for_status="yellow")
