"""GET /metrics: the metrics of all processes, for the clients that may use the API."""

import os
import re
import subprocess
import sys
from http import HTTPStatus
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client
from elasticsearch import Elasticsearch
from prometheus_client.parser import text_string_to_metric_families
from rest_framework.authtoken.models import Token
from rest_framework.permissions import IsAuthenticated

from project.metrics import MetricsView, remove_ended_processes
from tests.faults.service import Service
from tests.support import in_threads, wait_until
from tests.test_docs import exported_name, metric_families
from tools.http_messages import Request, ask
from tools.paths import ROOT

Samples = dict[tuple[str, str], float]
# What Prometheus 2 and 3 say that they take.
PROMETHEUS = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
    "application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,"
    "text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
)


def samples(text: str) -> Samples:
    """Return every value by its name and the values of its labels."""
    families = text_string_to_metric_families(text)
    return {
        (sample.name, ",".join(sample.labels.values())): sample.value
        for family in families
        for sample in family.samples
    }


@pytest.mark.django_db
class TestOneProcess:
    """One process, without a shared folder."""

    def test_every_metric_is_served(self, client: Client) -> None:
        response = client.get("/metrics")
        assert (response.status_code, response["Content-Type"]) == (200, "text/plain; version=0.0.4; charset=utf-8")
        text = response.content.decode()
        exported = {exported_name(family) for family in metric_families()}
        assert exported - set(re.findall(r"^# TYPE (\w+) ", text, re.MULTILINE)) == set()
        assert samples(text)["search_outbox_entries", "dead"] == 0

    def test_prometheus_gets_the_format_that_it_asks_for(self, client: Client) -> None:
        response = client.get("/metrics", headers={"Accept": PROMETHEUS})
        assert response["Content-Type"].startswith("application/openmetrics-text; version=1.0.0")
        assert response.content.endswith(b"# EOF\n")

    @pytest.mark.parametrize(
        "accept",
        ["", "text/html", "image/png", "text/plain;version=x", "application/openmetrics-text;version=1.0.0.x.y"],
    )
    def test_any_accept_header_gets_a_response(self, client: Client, accept: str) -> None:
        response = client.get("/metrics", headers={"Accept": accept})
        assert (response.status_code, b"search_outbox_entries" in response.content) == (200, True)

    def test_without_debug_it_needs_a_token(self, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(MetricsView, "permission_classes", [IsAuthenticated])
        for headers in ({}, {"Authorization": "Token x"}):
            refused = client.get("/metrics", headers={"Accept": PROMETHEUS, **headers})
            assert (refused.status_code, refused["Content-Type"]) == (401, "application/json")
            assert b"search_" not in refused.content
        token = Token.objects.create(user=User.objects.create_user("prometheus"))
        assert client.get("/metrics", headers={"Authorization": f"Token {token.key}"}).status_code == 200

    def test_it_has_the_permissions_of_the_api(self) -> None:
        assert "permission_classes" not in vars(MetricsView)
        assert "authentication_classes" not in vars(MetricsView)

    def test_it_is_not_in_the_schema(self, client: Client) -> None:
        assert "/metrics" not in client.get("/api/schema").content.decode()

    @pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
    def test_it_is_only_read(self, client: Client, method: str) -> None:
        assert getattr(client, method)("/metrics").status_code == 405


COUNTING = """
import os
from project.wsgi import application
from search import metrics
metrics.outcomes.labels("done").inc({count})
metrics.breaker.labels("open").set(1)
print(os.getpid(), flush=True)
{end}
"""


def count(folder: Path, number: int, end: str = "os._exit(0)") -> "subprocess.Popen[str]":
    """Start a process that counts into a folder; return once it has counted."""
    environment = os.environ | {"PROMETHEUS_MULTIPROC_DIR": str(folder), "DJANGO_SETTINGS_MODULE": "project.settings"}
    command = [sys.executable, "-c", COUNTING.format(count=number, end=end)]
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout
    assert process.stdout.readline()
    return process


@pytest.mark.django_db
class TestSeveralProcesses:
    """Several processes that share a folder."""

    def test_counters_of_ended_processes_stay_and_their_gauges_do_not(
        self, client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(settings, "PROMETHEUS_MULTIPROC_DIR", str(tmp_path), raising=False)
        running, ended = count(tmp_path, 2, "input()"), count(tmp_path, 3)
        ended.communicate()
        before = samples(client.get("/metrics").content.decode())
        running.communicate("\n")
        after = samples(client.get("/metrics").content.decode())
        for scraped, alive in ((before, 1), (after, 0)):
            assert scraped["search_push_outcomes_total", "done"] == 5
            assert scraped.get(("search_breaker_state", "open"), 0) == alive
            assert scraped["search_outbox_entries", "pending"] == 0

    def test_an_unknown_file_is_skipped(self, tmp_path: Path) -> None:
        (tmp_path / "gauge_livesum_x.db").touch()
        remove_ended_processes(str(tmp_path))
        assert [path.name for path in tmp_path.iterdir()] == ["gauge_livesum_x.db"]


@pytest.mark.engine
@pytest.mark.slow
class TestGunicorn:
    """As the service is run."""

    def scrape(self, service: Service) -> Samples:
        answer = ask("127.0.0.1", service.port, Request("GET", "/metrics", [], b""))
        assert answer.status == HTTPStatus.OK
        return samples(answer.body.decode())

    def test_each_worker_returns_the_metrics_of_both(self, indices: Elasticsearch, tmp_path: Path) -> None:
        [engine] = settings.ELASTICSEARCH_DSL["default"]["hosts"]
        with Service(engine, tmp_path, relay=False, SEARCH_PUSH_TIMEOUT="20", TMPDIR=str(tmp_path)) as service:

            def create(number: int) -> int:
                order = f'{{"order_number": "M-{number}", "customer_name": "Ann", "total_amount": 1}}'
                headers = [("Content-Type", "application/json")]
                return ask("127.0.0.1", service.port, Request("POST", "/orders/create", headers, order.encode())).status

            def counting() -> int:
                """Workers that have counted something."""
                return len({*tmp_path.glob("order-service-metrics-*/counter_*.db")})

            made = 0
            while counting() < 2 or made < 10:  # until both workers have had some
                assert made < 2_000
                assert in_threads(*[lambda at=made + at: create(at) for at in range(10)]) == [201] * 10
                made += 10
            done = ("search_push_outcomes_total", "done")
            wait_until(lambda: self.scrape(service).get(done) == made)
            assert [self.scrape(service)[done] for _ in range(20)] == [made] * 20
            assert self.scrape(service)["search_breaker_state", "closed"] == 2
        assert [*tmp_path.glob("order-service-metrics-*")] == []
