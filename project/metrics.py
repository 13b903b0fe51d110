"""GET /metrics for Prometheus: the metrics of all processes that share PROMETHEUS_MULTIPROC_DIR, or of this one."""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from prometheus_client import REGISTRY, CollectorRegistry, multiprocess
from prometheus_client.exposition import choose_encoder
from rest_framework.request import Request
from rest_framework.views import APIView

from search.metrics import DriftCollector, OutboxCollector


class MetricsView(APIView):
    """GET /metrics. Without DEBUG it needs a token or a session, like the API."""

    schema = None  # not in the OpenAPI schema

    def perform_content_negotiation(self, request: Request, force: bool = False) -> Any:
        """Accept any media type: Prometheus has its own, and an error is always JSON."""
        renderer = self.get_renderers()[0]
        return renderer, renderer.media_type

    def get(self, request: Request) -> HttpResponse:
        encode, content_type = encoder(request.headers.get("Accept", ""))
        return HttpResponse(encode(registry()), content_type=content_type)


def encoder(accepted: str) -> Any:
    """Return the function that encodes the newest format the client accepts, and its media type."""
    try:
        return choose_encoder(accepted)
    except (ValueError, TypeError):  # the version in the header is not a number
        return choose_encoder("")


def registry() -> CollectorRegistry:
    collectors = CollectorRegistry()
    collectors.register(OutboxCollector())
    collectors.register(DriftCollector())
    if folder := settings.PROMETHEUS_MULTIPROC_DIR:
        remove_ended_processes(folder)
        multiprocess.MultiProcessCollector(collectors, folder)  # type: ignore[no-untyped-call]
    else:
        collectors.register(REGISTRY)
    return collectors


def remove_ended_processes(folder: str) -> None:
    """Remove the gauges of processes that have ended, also by a signal. Their counters stay."""
    for pid in gauge_pids(folder):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            multiprocess.mark_process_dead(pid, folder)  # type: ignore[no-untyped-call]
        except PermissionError:
            pass  # it runs as another user


def gauge_pids(folder: str) -> Iterator[int]:
    for path in Path(folder).glob("gauge_live*_*.db"):
        with suppress(ValueError):
            yield int(path.stem.rpartition("_")[2])
