"""script/demo: this project loses nothing and the plain design does; everything is removed at the end."""

import argparse
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest

from tests.support import wait_until
from tools import cache, elasticsearch
from tools.comparison import IN_STEP, Difference, compare
from tools.demo import clients, databases
from tools.demo.__main__ import writing_seconds
from tools.demo.clients import Tally
from tools.demo.designs import Design
from tools.demo.screen import table
from tools.paths import ROOT

NAMES = ["writes acknowledged", "writes failed", "slowest write", "missing", "stale", "orphaned"]


def heavy(test: Callable[..., None]) -> Callable[..., None]:
    """Mark a test that starts servers and kills one."""
    reason = "Docker runs here: containers are not made in tests"
    marks = [pytest.mark.faults, pytest.mark.slow, pytest.mark.real, pytest.mark.timeout(300)]
    for mark in [*marks, pytest.mark.skipif(elasticsearch.docker_runs(), reason=reason)]:
        test = mark(test)
    return test


def design(name: str, folder: Path, tally: Tally | None = None) -> Design:
    created = Design(name, "x", "x-", "http://127.0.0.1:9", databases.database("", folder, name), folder)
    created.tally = tally or created.tally
    return created


def test_each_kind_of_difference_is_counted() -> None:
    row = ("number", "name", 1.0)
    index = {1: row, 2: ("number", "another", 1.0), 3: ("number", "name", 2.0), 4: row, 5: row, 6: row}
    assert compare(index, {1: row, 2: row, 3: row, 7: row}) == Difference(missing=1, stale=2, orphaned=3)
    assert compare({1: row}, {1: row}) == IN_STEP


def test_the_table(tmp_path: Path) -> None:
    designs = [design("this project", tmp_path, Tally(640, 0, 1.02)), design("plain design", tmp_path)]
    assert table(designs, [IN_STEP, Difference(147, 33, 7)]) == (
        "                       this project   plain design\n"
        "writes acknowledged             640              0\n"
        "writes failed                     0              0\n"
        "slowest write                1.02 s         0.00 s\n"
        "missing                           0            147\n"
        "stale                             0             33\n"
        "orphaned                          0              7"
    )


def test_a_write_without_an_answer_is_counted_as_failed(tmp_path: Path) -> None:
    target = design("this project", tmp_path)
    assert clients.Client(target.port, 1, target.tally).create() is None
    assert (target.tally.acknowledged, target.tally.failed) == (0, 1)


def test_the_database_is_a_file_unless_there_is_a_postgresql(tmp_path: Path) -> None:
    for address in ("", "sqlite:////tmp/other.sqlite3"):
        assert databases.database(address, tmp_path, "demo").url == f"sqlite:///{tmp_path}/demo.sqlite3"
    address = "postgres://somebody:secret@127.0.0.1:5432/orders"
    database = databases.database(address, tmp_path, "demo")
    assert database.url == "postgres://somebody:secret@127.0.0.1:5432/demo"


@pytest.mark.parametrize("seconds", ["5", "601", "nan", "many"])
def test_seconds_that_make_no_demonstration(seconds: str) -> None:
    with pytest.raises((ValueError, argparse.ArgumentTypeError)):
        writing_seconds(seconds)


def test_what_is_missing_is_one_line(tmp_path: Path) -> None:
    """No Docker, no JDK and no Maven, and perhaps no programs in the cache."""
    (tmp_path / "jvm").mkdir()
    code = "from tools import jdk; jdk.FOLDERS = []; from tools import errors; from tools.demo.__main__ import main; "
    environment = {"PATH": str(tmp_path), "HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", code + "errors.run(main)"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr == "No JDK 17 or later was found. Install one: apt-get install openjdk-17-jdk-headless\n"
    assert "Traceback" not in done.stdout
    assert list((tmp_path / "order-service" / "demo").iterdir()) == []


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(*arguments), **options(environment), capture_output=True, check=False)


def command(*arguments: str) -> list[str]:
    """Return the command that script/demo ends in, in the tests' virtual environment."""
    return [sys.executable, "-m", "tools.demo", *arguments]


def options(environment: dict[str, str]) -> dict[str, Any]:
    return {"cwd": ROOT, "env": os.environ | environment, "text": True}


def left() -> tuple[set[str], list[str]]:
    """Return the folders of demonstrations, and the processes that work in them."""
    folders = {str(path) for path in cache.folder("demo").iterdir()}
    listed = subprocess.check_output(["ps", "-ww", "-eo", "args="], text=True).splitlines()
    return folders, [args for args in listed if str(cache.folder("demo")) in args]


def demo_databases() -> list[str]:
    """Return the demonstrations' databases on the tests' PostgreSQL, none on SQLite."""
    address = os.environ["DATABASE_URL"]
    if not address.startswith("postgres"):
        return []
    with psycopg.connect(urlsplit(address)._replace(path="/postgres").geturl()) as connection:
        rows = connection.execute("SELECT datname FROM pg_database WHERE datname LIKE 'demo%'").fetchall()
    return [name for (name,) in rows]


@pytest.fixture
def nothing_left() -> Iterator[None]:
    """Assert that the test leaves no folders, processes and databases."""
    before = (left(), demo_databases())
    yield
    assert (left(), demo_databases()) == before


def lines(said: str) -> list[str]:
    return [line.strip() for line in said.splitlines()]


@heavy
@pytest.mark.usefixtures("nothing_left")
@pytest.mark.parametrize("database", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def test_this_project_loses_nothing_and_the_plain_design_does(database: str) -> None:
    address = os.environ["DATABASE_URL"] if database == "postgres" else ""
    done = run("--seconds", "9", DATABASE_URL=address)
    print(done.stdout, done.stderr)
    assert (done.returncode, done.stderr) == (0, "")
    rows = [re.fullmatch(r"(\w[\w ]*?) {2,}([\d.]+)(?: s)? +([\d.]+)(?: s)?", line) for line in lines(done.stdout)]
    shown = {row[1]: (float(row[2]), float(row[3])) for row in rows if row}
    assert list(shown) == NAMES
    ours, plain = ({name: shown[name][at] for name in NAMES} for at in (0, 1))
    assert ours["writes acknowledged"] > 100
    wrong = ("writes failed", "missing", "stale", "orphaned")
    assert [ours[name] for name in wrong] == [0, 0, 0, 0]
    assert [name for name in wrong if not plain[name]] == []
    assert lines(done.stdout)[-1] == "This project lost nothing."


@heavy
@pytest.mark.postgres  # whose databases must go too
@pytest.mark.usefixtures("nothing_left")
@pytest.mark.parametrize("moment", ["Starting Elasticsearch", "is killed"])
def test_it_takes_everything_away_when_it_is_stopped(moment: str) -> None:
    _, before = left()
    process = subprocess.Popen(command("--seconds", "6"), **options({}), stdout=subprocess.PIPE)
    assert process.stdout
    assert any(moment in line for line in process.stdout)
    wait_until(lambda: set(left()[1]) > set(before), 30, "no process of its own")
    process.send_signal(signal.SIGINT)
    process.stdout.read()
    assert process.wait(60) == 130
