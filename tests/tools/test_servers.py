"""A real Elasticsearch and a private PostgreSQL by their scripts: up, up again, status, down."""

import json
import os
import secrets
import shutil
import socket
import subprocess
import urllib.request
from pathlib import Path

import psycopg
import pytest

from tools import cache, elasticsearch, ports
from tools.elasticsearch import Server
from tools.errors import ToolError
from tools.paths import ROOT


@pytest.fixture
def folder():
    """Create a cache for the test, where the servers' user can reach it. Share the programs that are already built."""
    shared = cache.folder("elasticsearch")
    path = cache.folder("suite", secrets.token_hex(4))
    own = path / "order-service" / "elasticsearch"
    own.mkdir(parents=True)
    for programs in shared.glob("[0-9]*"):
        (own / programs.name).symlink_to(programs)
    yield path
    shutil.rmtree(path)


def run(folder: Path, script: str, *arguments: str) -> tuple[int, str, str]:
    environment = os.environ | {"XDG_CACHE_HOME": str(folder)}
    done = subprocess.run(
        [f"script/{script}", *arguments], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.slow
@pytest.mark.postgres
def test_postgresql_up_and_down(folder):
    port = ports.free()
    address = f"postgres://postgres@127.0.0.1:{port}/orders"
    try:
        for _ in range(2):
            assert run(folder, "postgresql", "up", "--port", str(port)) == (0, f"DATABASE_URL={address}\n", "")
        with psycopg.connect(address) as connection:
            settings = "SELECT current_setting('fsync'), current_setting('max_connections')"
            assert connection.execute(settings).fetchone() == ("on", "200")
            connection.execute("CREATE TABLE kept (a int)")
        code, said, _ = run(folder, "postgresql", "status")
        assert code == 0
        assert said.startswith(f"PostgreSQL runs: DATABASE_URL={address} (")
    finally:
        stopped = run(folder, "postgresql", "down")
    assert stopped == (0, f"Stopped PostgreSQL on port {port}.\n", "")
    assert not ports.is_open(port)
    assert run(folder, "postgresql", "down") == (0, "No such PostgreSQL is running.\n", "")
    assert run(folder, "postgresql", "status")[0] == 1

    try:
        run(folder, "postgresql", "up", "--port", str(port))
        with psycopg.connect(address) as connection:
            assert connection.execute("SELECT count(*) FROM kept").fetchone() == (0,), "the data is kept"
    finally:
        run(folder, "postgresql", "down")


@pytest.mark.slow
@pytest.mark.real
@pytest.mark.timeout(300)
@pytest.mark.skipif(elasticsearch.docker_runs(), reason="Docker runs here: containers are not made in tests")
def test_elasticsearch_up_and_down(folder):
    port = ports.free()
    try:
        for _ in range(2):
            done = run(folder, "elasticsearch", "up", "--port", str(port), "--heap", "512m")
            assert done == (0, f"ELASTICSEARCH_URL=http://127.0.0.1:{port}\n", "")
        with urllib.request.urlopen(f"http://127.0.0.1:{port}", timeout=5) as answer:
            assert json.load(answer)["version"]["number"] == "8.19.8"
        code, said, _ = run(folder, "elasticsearch", "status")
        assert code == 0
        assert said.startswith(f"Elasticsearch 8.19.8 answers: ELASTICSEARCH_URL=http://127.0.0.1:{port} (pid ")
        assert run(folder, "elasticsearch", "down", "--version", "9.4.3")[1] == "No such Elasticsearch is running.\n"
    finally:
        stopped = run(folder, "elasticsearch", "down")
    assert stopped == (0, f"Stopped Elasticsearch 8.19.8 on port {port}.\n", "")
    assert not ports.is_open(port)


@pytest.mark.parametrize("script", ["elasticsearch", "postgresql"])
def test_a_taken_port_is_reported(folder, script):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        code, said, error = run(folder, script, "up", "--port", str(port))
    assert (code, said) == (1, "")
    assert error == f"Port {port} is taken by another program. Choose another with --port.\n"


def test_another_version_on_the_port_is_reported(tmp_path, monkeypatch):
    monkeypatch.setattr(Server, "answering_version", lambda self: "9.4.3")
    with pytest.raises(ToolError) as error:
        Server("8.19.8", 9200, tmp_path).start()
    assert str(error.value) == "Port 9200 is taken by Elasticsearch 9.4.3. Choose another with --port."


def test_a_pid_that_is_another_programs_now_is_not_taken_for_the_server(tmp_path):
    (tmp_path / "pid").write_text(str(os.getpid()))
    assert Server("8.19.8", 9200, tmp_path).pid() is None
    assert not Server("8.19.8", 9200, tmp_path).stop()
