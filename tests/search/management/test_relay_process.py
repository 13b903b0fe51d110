"""`manage.py search_relay` as a process: signals while the engine has not answered its bulks."""

import os
import signal
import subprocess
import sys
import threading

import pytest
from django.db import connection
from elasticsearch.dsl.connections import connections

from orders.models import Order
from search.models import Entry, RelayProcess
from search.push.relay import MAX_IN_FLIGHT, Relay
from tests.support import assert_in_step, wait_until
from tools.fault_proxy import Exchange, Fault, FaultProxy
from tools.paths import ROOT

pytestmark = [pytest.mark.engine, pytest.mark.conformance, pytest.mark.slow]
STOPPING = "Stopping after this batch. Send the signal again to stop at once.\n"
CLAIMED = 2 * MAX_IN_FLIGHT  # by a relay with a batch of two, before it waits for the engine


class HoldBulks(Fault):
    """Hold bulks back until the test releases them."""

    def __init__(self) -> None:
        super().__init__()
        self.arrived, self.released = threading.Semaphore(0), threading.Event()

    def handle(self, exchange: Exchange) -> None:
        if exchange.request.is_bulk:
            self.arrived.release()
            self.released.wait(60)
        super().handle(exchange)


@pytest.fixture
def held():
    """Put a proxy that holds bulks back in front of the engine."""
    [node] = connections.get_connection().transport.node_pool.all()
    proxy = FaultProxy(node.base_url)
    fault = HoldBulks()
    proxy.switch(fault)
    yield proxy
    fault.released.set()
    proxy.close()


@pytest.fixture
def start(indices, held, tmp_path):
    """Return a function that starts a relay with batches of two, and one more pending entry than it claims."""
    started = []

    def begin(*arguments):
        Order.objects.bulk_create(
            [Order(order_number=f"o{number}", customer_name="John", total_amount=1) for number in range(CLAIMED + 1)]
        )
        command = [sys.executable, "manage.py", "search_relay", "--batch-size", "2", *arguments]
        with (tmp_path / "errors").open("w") as errors:
            process = subprocess.Popen(
                command, cwd=ROOT, env=environment(held.url), stdout=subprocess.PIPE, stderr=errors, text=True
            )
        started.append(process)
        for _ in range(MAX_IN_FLIGHT):
            assert held.fault.arrived.acquire(timeout=60)
        return process

    yield begin
    for process in started:
        process.kill()
        process.communicate()


def environment(engine):
    database = connection.settings_dict
    server = f"{database['USER']}:{database['PASSWORD']}@{database['HOST']}:{database['PORT']}"
    urls = {"postgresql": f"postgres://{server}/{database['NAME']}", "sqlite": f"sqlite:///{database['NAME']}"}
    return os.environ | {
        "DATABASE_URL": urls[connection.vendor],
        "ELASTICSEARCH_URL": engine,
        "SEARCH_PUSH": "async",
        "SEARCH_DELETE_GRACE_PERIOD": "60",
    }


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_first_signal_finishes_the_claimed_batches(start, held, tmp_path, number):
    process = start()
    process.send_signal(number)
    wait_until(lambda: STOPPING in (tmp_path / "errors").read_text())
    held.fault.released.set()
    assert process.wait(60) == 0
    assert Entry.objects.count() == 1
    assert not RelayProcess.objects.exists()
    Relay().drain()
    assert_in_step()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_second_signal_stops_at_once(start, tmp_path, number):
    process = start()
    process.send_signal(number)
    wait_until(lambda: STOPPING in (tmp_path / "errors").read_text())
    process.send_signal(number)
    assert process.wait(60) == 1
    assert Entry.objects.pending().count() == CLAIMED + 1


def test_a_drain_stops_after_the_claimed_batches_and_reports_what_is_left(start, held, tmp_path):
    process = start("--drain")
    process.send_signal(signal.SIGTERM)
    wait_until(lambda: STOPPING in (tmp_path / "errors").read_text())
    held.fault.released.set()
    assert process.communicate(timeout=60)[0] == f"pushed {CLAIMED}, pending 1, settling 0, dead 0\n"
    assert process.returncode == 1


def test_a_killed_relay_blocks_no_other(start, held, settings):
    process = start()
    process.kill()
    process.wait(60)
    held.fault.released.set()
    assert Entry.objects.filter(leased_until__isnull=False).count() == CLAIMED
    relay = Relay()
    wait_until(lambda: relay.run_once() == 0 and not Entry.objects.exists(), 60)
    assert_in_step()
