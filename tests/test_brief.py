"""The project's brief, word for word, as a user: a fresh copy, script/server, and a second shell."""

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
    """The address of a new PostgreSQL database where the tests run on PostgreSQL, else nothing: SQLite."""
    given = os.environ["DATABASE_URL"]
    if not given.startswith("postgres"):
        yield ""
        return
    name = f"brief_{secrets.token_hex(4)}"
    with psycopg.connect(re.sub("/[^/]*$", "/postgres", given), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        yield re.sub("/[^/]*$", f"/{name}", given)
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def server(tmp_path, database, engine):
    """script/server in a fresh copy, as a user starts it: on the engine and the database that the tests run on."""
    folder = checkout.copy(tmp_path)
    if ENGINE_IS_REAL:  # as a user says it: in .env, so that nothing need be set in a second shell
        write_env(folder, database)
    assert not ports.is_open(8000), "the brief's port 8000 is taken on this machine"
    server = Server(folder, ["script/server"], **({} if ENGINE_IS_REAL else {"PORT": "8000"}))
    server.wait_until_ready(300)
    yield server
    server.kill()


def write_env(folder, database):
    """A .env for a real engine."""
    lines = (folder / ".env.example").read_text().format(secret_key=secrets.token_hex(), embedded_port=0)
    address = os.environ["ELASTICSEARCH_URL"]
    lines += f"\nELASTICSEARCH_URL={address}\nSEARCH_INDEX_PREFIX={settings.SEARCH_INDEX_PREFIX}\n"
    lines += f"DATABASE_URL={database}\n" if database else ""
    (folder / ".env").write_text(lines)


def shell(server, command):
    """Run a command in a second shell with nothing but the environment activated; what it prints."""
    done = subprocess.run(
        ["bash", "-c", f". .venv/bin/activate && {command}"],
        cwd=server.folder,
        env=checkout.environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
@pytest.mark.engine
@pytest.mark.timeout(400)
def test_the_four_commands(server):
    which = "Elasticsearch, http://" if ENGINE_IS_REAL else "embedded, http://127.0.0.1:"
    assert f"Engine:   {which}" in server.log
    assert re.search(r"^\S*orders: \S+ is there already$", shell(server, CREATE), re.MULTILINE)

    created = json.loads(shell(server, POST))
    assert (created["id"], created["order_number"], created["customer_name"]) == (3, "order00003", "John Doe")

    changed = json.loads(shell(server, PATCH))
    assert changed == changed | {"id": 3, "order_number": "order00003", "customer_name": "Jane Doe"}
    assert float(changed["total_amount"]) == 12.56
    assert changed["version"] > created["version"]

    assert "indexed 3 into" in shell(server, REBUILD)
    found = json.loads(shell(server, SEARCH.format("jane")))
    assert [(order["id"], order["customer_name"], order["total_amount"]) for order in found["results"]] == [
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
    done = subprocess.run(
        ["script/python", "-S", "-E", "manage.py", "check"], cwd=folder, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "Django is not installed in this Python. Run script/server once, which makes the "
        "environment, then activate it: . .venv/bin/activate\n"
    )
