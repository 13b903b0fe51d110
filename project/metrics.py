"""GET /metrics: what is measured, for Prometheus. Of all processes that share a folder, or else of this one alone."""

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


class Metrics(APIView):
    """Open to whom the API is open: with debug off a token or a session. No part of the API's description."""

    schema = None

    def perform_content_negotiation(self, request: Request, force: bool = False) -> Any:
        """Prometheus has media types of its own; an error is JSON whatever the client accepts."""
        renderer = self.get_renderers()[0]
        return renderer, renderer.media_type

    def get(self, request: Request) -> HttpResponse:
        encode, content_type = encoder(request.headers.get("Accept", ""))
        return HttpResponse(encode(registry()), content_type=content_type)


def encoder(accepted: str) -> Any:
    """What writes the newest format that the client takes, and its media type."""
    try:
        return choose_encoder(accepted)
    except (ValueError, TypeError):  # a version that is no number
        return choose_encoder("")


def registry() -> CollectorRegistry:
    """What the processes have counted, and what the database knows at this moment."""
    found = CollectorRegistry()
    found.register(OutboxCollector())
    found.register(DriftCollector())
    if folder := settings.PROMETHEUS_MULTIPROC_DIR:
        forget_the_dead(folder)
        multiprocess.MultiProcessCollector(found, folder)  # type: ignore[no-untyped-call]
    else:
        found.register(REGISTRY)
    return found


def forget_the_dead(folder: str) -> None:
    """A process that has ended is in no state any more, however it ended. What it counted stays."""
    for pid in pids(folder):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            multiprocess.mark_process_dead(pid, folder)  # type: ignore[no-untyped-call]
        except PermissionError:
            pass  # it lives, as another user


def pids(folder: str) -> Iterator[int]:
    """Those that say in which state they are."""
    for path in Path(folder).glob("gauge_live*_*.db"):
        with suppress(ValueError):
            yield int(path.stem.rpartition("_")[2])
