"""The commands of the project's brief, word for word: a fresh copy, script/server, and a second shell."""

import json
import os
import re
import secrets
import subprocess

import psycopg
import pytest
from django.conf import settings

from tests import checkout
from tests.checkout import Server
from tests.environment import ENGINE_IS_REAL
from tools import ports

CREATE = "python manage.py search_index --create"
POST = (
    'curl -X POST http://127.0.0.1:8000/orders/create -H "Content-Type: application/json" '
    """-d '{"order_number": "order00003", "customer_name": "John Doe", "total_amount": 1234.56}'"""
)
PATCH = (
    'curl -X PATCH http://127.0.0.1:8000/orders/update/3/ -H "Content-Type: application/json" '
    """-d '{"customer_name": "Jane Doe", "total_amount": 12.56}'"""
)
REBUILD = "python manage.py search_index --rebuild"
SEARCH = 'curl "http://127.0.0.1:8000/orders/search?q={}"'


@pytest.fixture
def database():
    """Return the URL of a new database if the tests run on PostgreSQL, or an empty string for SQLite."""
    url = os.environ["DATABASE_URL"]
    if not url.startswith("postgres"):
        yield ""
        return
    name = f"brief_{secrets.token_hex(4)}"
    with psycopg.connect(re.sub("/[^/]*$", "/postgres", url), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        yield re.sub("/[^/]*$", f"/{name}", url)
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def server(tmp_path, database, engine):
    """Start script/server in a fresh copy, on the engine and the database of the tests."""
    folder = checkout.copy(tmp_path)
    if ENGINE_IS_REAL:  # in .env, as a user would, so that the second shell needs no variables
        write_env(folder, database)
    assert not ports.is_open(8000), "the brief's port 8000 is taken on this machine"
    server = Server(folder, ["script/server"], **({} if ENGINE_IS_REAL else {"PORT": "8000"}))
    server.wait_until_ready(300)
    yield server
    server.kill()


def write_env(folder, database):
    """Write a .env for a real engine."""
    lines = (folder / ".env.example").read_text().format(secret_key=secrets.token_hex(), embedded_port=0)
    engine_url = os.environ["ELASTICSEARCH_URL"]
    lines += f"\nELASTICSEARCH_URL={engine_url}\nSEARCH_INDEX_PREFIX={settings.SEARCH_INDEX_PREFIX}\n"
    lines += f"DATABASE_URL={database}\n" if database else ""
    (folder / ".env").write_text(lines)


def shell(server, command):
    """Run a command in a second shell with only the environment activated; return its output."""
    result = subprocess.run(
        ["bash", "-c", f". .venv/bin/activate && {command}"],
        cwd=server.folder,
        env=checkout.environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


@pytest.mark.slow
@pytest.mark.engine
@pytest.mark.timeout(400)
def test_the_four_commands(server):
    engine = "Elasticsearch, http://" if ENGINE_IS_REAL else "embedded, http://127.0.0.1:"
    assert f"Engine:   {engine}" in server.log
    assert re.search(r"^\S*orders: \S+ is there already$", shell(server, CREATE), re.MULTILINE)

    created = json.loads(shell(server, POST))
    assert (created["id"], created["order_number"], created["customer_name"]) == (3, "order00003", "John Doe")

    changed = json.loads(shell(server, PATCH))
    assert changed == changed | {"id": 3, "order_number": "order00003", "customer_name": "Jane Doe"}
    assert float(changed["total_amount"]) == 12.56
    assert changed["version"] > created["version"]

    assert "indexed 3 into" in shell(server, REBUILD)
    response = json.loads(shell(server, SEARCH.format("jane")))
    assert [(order["id"], order["customer_name"], order["total_amount"]) for order in response["results"]] == [
        (3, "Jane Doe", "12.56")
    ]
    assert json.loads(shell(server, SEARCH.format("john")))["results"] == []
    assert json.loads(shell(server, SEARCH.format("order0")))["count"] == 3
    for line in (CREATE, POST, PATCH, REBUILD):
        assert f"\n  {line}\n" in server.log, "script/server shows the brief's own lines"

    assert server.stop() == 0
    assert not ports.is_open(8000)


def test_manage_without_django_says_how_to_activate_it(tmp_path):
    folder = checkout.copy(tmp_path)
    result = subprocess.run(
        ["script/python", "-S", "-E", "manage.py", "check"], cwd=folder, capture_output=True, text=True, check=False
    )
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == (
        "Django is not installed in this environment. Run script/server once, which creates one, then activate it: "
        ". .venv/bin/activate\n"
    )
