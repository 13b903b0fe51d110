"""SQLite: a new file that is opened by several at once."""

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

def open_it(name, together, found):
    connection.settings_dict["NAME"] = name
    together.wait()
    try:
        with connection.cursor() as cursor:
            found.put(cursor.execute("PRAGMA journal_mode").fetchone()[0])
    except Exception as error:
        found.put(repr(error))

if __name__ == "__main__":
    django.setup()
    found, modes = Queue(), set()
    with TemporaryDirectory() as folder:
        for number in range(60):
            together = Barrier(2)
            openers = [Process(target=open_it, args=(f"{folder}/{number}", together, found)) for _ in range(2)]
            [opener.start() for opener in openers]
            modes |= {found.get(timeout=30) for _ in openers}
            [opener.join() for opener in openers]
    print(*modes)
"""


@pytest.mark.slow
def test_two_processes_open_a_new_file(tmp_path):
    """Each makes it write-ahead-logged; where they meet, the later one waits."""
    environment = os.environ | {
        "DATABASE_URL": f"sqlite:///{tmp_path}/db",
        "DJANGO_SETTINGS_MODULE": "project.settings",
    }
    done = subprocess.run([sys.executable, "-c", OPEN], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "wal\n", "")
