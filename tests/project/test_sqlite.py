"""SQLite: a new file that several processes open at once."""

import os
import subprocess
import sys

import pytest

from tools.paths import ROOT

OPEN = """
import sys
from multiprocessing import Barrier, Process, Queue
from pathlib import Path
from tempfile import TemporaryDirectory

import django
from django.db import connection

def open_file(name, barrier, results):
    connection.settings_dict["NAME"] = name
    barrier.wait()
    try:
        with connection.cursor() as cursor:
            results.put(cursor.execute("PRAGMA journal_mode").fetchone()[0])
    except Exception as error:
        results.put(repr(error))

if __name__ == "__main__":
    django.setup()
    results, modes = Queue(), set()
    with TemporaryDirectory() as folder:
        for number in range(60):
            barrier = Barrier(2)
            openers = [Process(target=open_file, args=(f"{folder}/{number}", barrier, results)) for _ in range(2)]
            [opener.start() for opener in openers]
            modes |= {results.get(timeout=30) for _ in openers}
            [opener.join() for opener in openers]
    print(*modes)
"""


@pytest.mark.slow
def test_two_processes_open_a_new_file(tmp_path):
    """Both switch it to write-ahead logging; the second waits instead of failing."""
    environment = os.environ | {
        "DATABASE_URL": f"sqlite:///{tmp_path}/db",
        "DJANGO_SETTINGS_MODULE": "project.settings",
    }
    done = subprocess.run([sys.executable, "-c", OPEN], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "wal\n", "")
