"""script/server end to end: it serves, keeps its data, repairs the index, and stops all programs."""

import json
import os
import signal
import socket
import sqlite3
import stat
import sys
import urllib.request
from time import monotonic
from urllib.error import HTTPError

import pytest

from tests import checkout
from tests.checkout import Server, python_server
from tests.support import wait_until
from tools import embedded_engine, ports
from tools.errors import ToolError


def absent() -> str:
    try:
        embedded_engine.program()
    except ToolError as error:
        return str(error)
    return ""


pytestmark = [pytest.mark.slow, pytest.mark.skipif(bool(absent()), reason=absent())]


@pytest.fixture
def folder(tmp_path):
    return checkout.copy(tmp_path)


@pytest.fixture
def port():
    return ports.free()


@pytest.fixture
def start(folder, port):
    """Return a function that starts it on the test's port; kill it after the test if it still runs."""
    started = []

    def start(ready=True, **more):
        started.append(Server(folder, python_server(port), **more))
        if ready:
            started[-1].wait_until_ready()
        return started[-1]

    yield start
    for server in started:
        server.kill()


def call(method, url, data=None):
    body = json.dumps(data).encode() if data is not None else None
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"}, method=method)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return answer.status, json.load(answer), answer.headers


def search(port, text):
    """Return the order numbers that a search finds."""
    results = call("GET", f"http://127.0.0.1:{port}/orders/search?q={text}")[1]["results"]
    return [order["order_number"] for order in results]


def create(port, number, customer):
    order = {"order_number": number, "customer_name": customer, "total_amount": 1}
    return call("POST", f"http://127.0.0.1:{port}/orders/create?refresh=wait_for", order)


def test_it_serves_and_a_second_start_is_quick_and_keeps_the_data(start, port, folder):
    server = start()
    assert "Engine:   embedded, http://127.0.0.1:" in server.log
    assert f"Database: SQLite, {folder}/var/db.sqlite3\n" in server.log
    assert f"curl -X POST http://127.0.0.1:{port}/orders/create" in server.log
    assert stat.S_IMODE((folder / ".env").stat().st_mode) == 0o600
    written = (folder / ".env").read_text()
    status, order, headers = create(port, "order00003", "Zoë Zuse")
    assert (status, order["id"], headers["X-Search-Status"]) == (201, 3, "indexed")
    assert server.stop() == 0
    assert server.log.endswith("Stopped.\n")
    assert not server.listens(port)

    began = monotonic()
    server = start()
    took = monotonic() - began
    assert (folder / ".env").read_text() == written
    assert search(port, "order0") == ["order00003", "order00002", "order00001"]
    with pytest.raises(HTTPError) as error:  # gunicorn's default limit would refuse it without naming the parameter
        search(port, "x" * 10_240)
    assert (error.value.code, json.load(error.value)["errors"][0]["attr"]) == (400, "q")
    assert "Created order00001" not in server.log
    assert "not in step" not in server.log
    assert server.stop(signal.SIGINT) == 0
    assert not server.listens(port)
    assert took < 10, "5 s on an idle machine; the tests' machine is busy"


@pytest.mark.parametrize(
    ("word", "name"),
    [("gunicorn", "gunicorn"), ("noida-db", "The embedded engine"), ("search_relay", "The relay")],
)
def test_when_a_part_dies_the_server_ends_and_names_it(start, port, word, name):
    server = start()
    os.kill(server.children()[word], signal.SIGKILL)
    assert server.end() == 1
    assert f"{name} died (SIGKILL)." in server.log
    assert not server.listens(port)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux signals a child when its parent dies")
def test_a_killed_server_leaves_no_process(start, port):
    server = start()
    assert server.stop(signal.SIGKILL) == -signal.SIGKILL
    wait_until(lambda: not server.listens(port), 15)


def test_an_engine_that_lost_its_data_is_repaired(start, port, folder):
    server = start()
    assert server.stop() == 0
    (folder / "var" / "embedded" / "elasticsearch.json").write_text("{ damaged")
    server = start()
    assert "The embedded engine was not in step with the database: orders.order\n" in server.log
    assert search(port, "order0") == ["order00002", "order00001"]


def test_rows_that_changed_without_the_engine_are_repaired(start, port, folder):
    server = start()
    assert server.stop() == 0
    with sqlite3.connect(folder / "var" / "db.sqlite3") as database:
        database.execute("UPDATE orders_order SET customer_name = 'Yuki Yamada' WHERE id = 1")
    start()
    assert search(port, "yuki") == ["order00001"]


def test_a_taken_port_is_reported_and_nothing_starts(start, port, folder):
    with socket.create_server(("127.0.0.1", port)):
        server = start(ready=False)
        assert server.end() == 1
    assert server.log == (
        f"Port {port} is taken: another script/server, or another program. Choose another with --port.\n"
    )
    assert not (folder / "var").exists()


def test_a_taken_engine_port_is_reported(start, port, folder):
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        server = start(ready=False, EMBEDDED_ENGINE_PORT=str(taken))
        assert server.end() == 1
    assert server.log.splitlines()[-1] == (
        f"Port {taken} is taken: another script/server, or another program. "
        "Stop that one, or set another EMBEDDED_ENGINE_PORT in .env."
    )


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"SEARCH_PUSH": "never"}, "Not configured: SEARCH_PUSH='never' is not valid"),
        (
            {"DJANGO_DEBUG": "off", "DJANGO_ALLOWED_HOSTS": "x"},
            "Not configured: ELASTICSEARCH_URL is not set, and the embedded engine is for evaluation",
        ),
    ],
)
def test_an_invalid_setting_is_one_line(start, variables, message):
    server = start(ready=False, **variables)
    assert server.end() == 1
    assert server.log.splitlines()[-1].startswith(message)
    assert "Traceback" not in server.log
