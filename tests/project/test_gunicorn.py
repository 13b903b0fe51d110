"""The limit of the request line in gunicorn.conf.py."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

from tests.faults.service import Service
from tools.http_messages import Answer, Request, ask

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def service(tmp_path: Path, transactional_db: None) -> Iterator[Service]:
    [engine] = settings.ELASTICSEARCH_DSL["default"]["hosts"]
    with Service(engine, tmp_path, relay=False) as started:
        yield started


def search(service: Service, length: int) -> Answer:
    return ask("127.0.0.1", service.port, Request("GET", f"/orders/search?q={'x' * length}", [], b""))


def test_a_text_of_any_length_is_answered_and_a_line_without_end_is_not(service: Service) -> None:
    for length in (201, 10_000, 60_000):
        answer = search(service, length)
        assert answer.status == 400
        assert [error["attr"] for error in json.loads(answer.body)["errors"]] == ["q"]
    assert search(service, 70_000).status == 414
