"""A database or an engine that is away, or not migrated: each command says so in one line, without a traceback."""

import os
import subprocess
import sys

import pytest

from tools.paths import ROOT

pytestmark = pytest.mark.slow
COMMANDS = [
    "search_status",
    "search_status --json",
    "search_capture --status",
    "search_capture --install",
    "search_capture --remove -f",
    "search_dead_letters list",
    "search_dead_letters replay --all",
    "search_relay --drain",
]
AWAY = "CommandError: The database does not answer. Start it, or set DATABASE_URL to its address. ("
NOT_MIGRATED = "CommandError: The database is not migrated. Run `manage.py migrate`. (no such table: search_"


def ends(commands, **environment):
    """How each command ends in a process of its own, all at once: {command: (code, stdout, stderr)}."""
    here = os.environ | {"DJANGO_EXTRA_APPS": "", "ELASTICSEARCH_URL": "http://127.0.0.1:9"} | environment
    started = {
        command: subprocess.Popen(
            [sys.executable, "manage.py", *command.split()],
            cwd=ROOT,
            env=here,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for command in commands
    }
    found = {}
    for command, process in started.items():
        output, errors = process.communicate(timeout=60)
        found[command] = (process.returncode, output, errors)
    return found


def test_a_database_that_is_away():
    for command, (code, output, errors) in ends(COMMANDS, DATABASE_URL="postgres://unknown@127.0.0.1:9/none").items():
        assert (command, code, output) == (command, 1, "")
        [line] = errors.splitlines()
        assert line.startswith(AWAY)


def test_a_database_that_was_never_migrated(tmp_path):
    commands = [command for command in COMMANDS if "search_capture" not in command]
    for command, (code, output, errors) in ends(commands, DATABASE_URL=f"sqlite:///{tmp_path}/db").items():
        assert (command, code, output) == (command, 1, "")
        [line] = errors.splitlines()
        assert line.startswith(NOT_MIGRATED)


def test_capture_of_a_database_that_was_never_migrated(tmp_path):
    found = ends(["search_capture --status", "search_capture --install"], DATABASE_URL=f"sqlite:///{tmp_path}/db")
    absent = {
        "search_capture --status": "NOT captured: run manage.py search_capture --install",
        "search_capture --install": "NOT captured: run manage.py migrate",
    }
    assert found == {
        command: (1, f"orders.Order: {text}\norders.OrderLine: {text}\n", "") for command, text in absent.items()
    }


def test_an_engine_that_is_away(tmp_path):
    """The outbox says enough; only what asks the engine says that it is away."""
    database = f"sqlite:///{tmp_path}/db"
    assert ends(["migrate --verbosity 0"], DATABASE_URL=database)["migrate --verbosity 0"][0] == 0
    found = ends(["search_status", "search_dead_letters list", "search_relay --drain"], DATABASE_URL=database)
    assert found == {
        "search_status": (
            1,
            "NOT in step\n"
            "orders.Order: 0 rows, ? documents in no index, never compared\n"
            "  ! no live index: run manage.py search_index --create\n"
            "outbox: 0 pending, 0 settling, 0 dead\n"
            "push: sync; relays: none\n"
            "  ! no relay is running: start manage.py search_relay\n",
            "",
        ),
        "search_dead_letters list": (0, "0 dead\n", ""),
        "search_relay --drain": (0, "pushed 0, pending 0, settling 0, dead 0\n", ""),
    }
