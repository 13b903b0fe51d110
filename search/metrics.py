"""Prometheus metrics. Counters and histograms belong to this process; the outbox is read at each scrape."""

from collections import Counter as Tally
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from time import time

from django.db import DEFAULT_DB_ALIAS
from django.db.models import Count, Min
from django.utils import timezone
from prometheus_client import Counter, Gauge, Histogram
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from .models import Entry, EntryState, Index, RelayProcess
from .outbox.outcomes import PushResult

outcomes = Counter("search_push_outcomes", "Entries pushed, by outcome", ["outcome"])
lag = Histogram(
    "search_commit_to_confirmed_seconds",
    "From a row's first unconfirmed change to its confirmation by every target",
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300, 3600),
)
bulk_documents = Histogram("search_bulk_documents", "Actions in a bulk", buckets=(1, 2, 5, 10, 50, 100, 500, 1000))
bulk_bytes = Histogram("search_bulk_bytes", "Bytes in a bulk", buckets=tuple(10**power for power in range(3, 8)))
bulk_seconds = Histogram("search_bulk_seconds", "Time from a bulk's first byte to its response")
breaker = Gauge(
    "search_breaker_state",
    "Processes whose circuit breaker is in this state",
    ["state"],
    multiprocess_mode="livesum",
)

RELAY_ALIVE = timedelta(seconds=30)  # three heartbeats


def observe(results: Sequence[PushResult]) -> None:
    """Count pushed entries by outcome, and observe the lag of those confirmed for the first time."""
    for outcome, count in Tally(str(result.outcome) for result in results).items():
        outcomes.labels(outcome).inc(count)
    now = time()
    for result in results:
        if result.done and result.entry.state == EntryState.PENDING:
            lag.observe(max(0.0, now - result.entry.first_changed_at))


class OutboxCollector(Collector):
    """Depth and age of the outbox by state, and the relays with a recent heartbeat."""

    def __init__(self, using: str = DEFAULT_DB_ALIAS) -> None:
        self.using = using

    def collect(self) -> Iterator[GaugeMetricFamily]:
        depth = GaugeMetricFamily("search_outbox_entries", "Entries in the outbox, by state", labels=["state"])
        age = GaugeMetricFamily("search_outbox_oldest_seconds", "Age of the oldest entry, by state", labels=["state"])
        now = timezone.now()
        for state, (count, oldest) in _by_state(self.using).items():
            depth.add_metric([state], count)
            age.add_metric([state], (now - oldest).total_seconds() if oldest else 0.0)
        yield from (depth, age, *self._relays(now))

    def _relays(self, now: datetime) -> Iterator[GaugeMetricFamily]:
        alive = GaugeMetricFamily("search_relays_alive", "Relays whose heartbeat is recent")
        heartbeat = GaugeMetricFamily(
            "search_relay_heartbeat_timestamp_seconds", "Time of the last heartbeat of any relay"
        )
        heartbeats = list(RelayProcess.objects.using(self.using).values_list("heartbeat_at", flat=True))
        alive.add_metric([], sum(heartbeat_at > now - RELAY_ALIVE for heartbeat_at in heartbeats))
        if heartbeats:
            heartbeat.add_metric([], max(heartbeats).timestamp())
        yield from (alive, heartbeat)


def _by_state(using: str) -> dict[str, tuple[int, datetime | None]]:
    """Return {state: (entries, time of the oldest change)} for every state."""
    rows = Entry.objects.using(using).values("state").annotate(count=Count("key"), oldest=Min("first_changed_at"))
    by_state = {row["state"]: (row["count"], row["oldest"]) for row in rows.order_by()}
    return {state: by_state.get(state, (0, None)) for state in EntryState.values}


class DriftCollector(Collector):
    """The last result of search_drift, from the database, whichever process ran it."""

    def __init__(self, using: str = DEFAULT_DB_ALIAS) -> None:
        self.using = using

    def collect(self) -> Iterator[GaugeMetricFamily]:
        verified = GaugeMetricFamily(
            "search_verified_timestamp_seconds", "When index and database were last compared", labels=["alias"]
        )
        documents = GaugeMetricFamily(
            "search_drift_documents",
            "Documents that differed after the last comparison, by kind",
            labels=["alias", "kind"],
        )
        for index in Index.objects.using(self.using).live():
            if index.verified_at:
                verified.add_metric([index.alias], index.verified_at.timestamp())
            for kind, count in index.drift.items():
                documents.add_metric([index.alias, kind], count)
        yield from (verified, documents)
