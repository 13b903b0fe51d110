"""Drift for Prometheus: when each live index was last compared, and what that found. Read at each scrape."""

from collections.abc import Iterator

from django.db import DEFAULT_DB_ALIAS
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from search.models import Index


class DriftCollector(Collector):
    """What search_drift wrote down, whichever process ran it."""

    def __init__(self, using: str = DEFAULT_DB_ALIAS) -> None:
        self.using = using

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """The gauges of this moment."""
        verified = GaugeMetricFamily(
            "search_verified_timestamp_seconds", "When index and database were last compared", labels=["alias"]
        )
        documents = GaugeMetricFamily(
            "search_drift_documents", "Documents that the last comparison left, by kind", labels=["alias", "kind"]
        )
        for index in Index.objects.using(self.using).live():
            if index.verified_at:
                verified.add_metric([index.alias], index.verified_at.timestamp())
            for kind, count in index.drift.items():
                documents.add_metric([index.alias, kind], count)
        yield from (verified, documents)
