"""The stage of a live rebuild, on the engine that the tests share."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

from tests.faults.service import Service
from tests.rebuild import stage
from tests.rebuild.stage import NEWER, Stage


@pytest.fixture
def newer_service(indices: object, tmp_path: Path) -> Service:
    """Return the service of newer code, not started yet, with orders in step."""
    stage.prepare()
    return Service(settings.ELASTICSEARCH_DSL["default"]["hosts"][0], tmp_path, DJANGO_SETTINGS_MODULE=NEWER)


@pytest.fixture
def staged(newer_service: Service, tmp_path: Path) -> Iterator[Stage]:
    """Run the service with clients and a searcher."""
    with stage.staged(newer_service, tmp_path) as found:
        yield found
