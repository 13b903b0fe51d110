"""Programs beside each other: all end when one does, and when their supervisor does."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import wait_until
from tools.paths import ROOT

SUPERVISED = """
import sys
from tools import errors, supervisor

supervisor.PATIENCE = 0.5

def main():
    try:
        with supervisor.Supervisor() as children:
            for code in sys.argv[1:]:
                children.start(f"child {len(children.children)}", [sys.executable, "-c", code])
            print(*[child.process.pid for child in children.children], flush=True)
            children.watch()
    except supervisor.Stop:
        print("Stopped.")

errors.run(main)
"""
SLEEP = "import time; time.sleep(60)"
DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)"
PARENT = "import subprocess, sys, time; print(subprocess.Popen(['sleep', '60']).pid, flush=True); time.sleep(60)"


def alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and waits to be fetched does not."""
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout
    return bool(state.strip()) and not state.startswith("Z")


class Supervised:
    """A supervisor in a process of its own, and its children's pids."""

    def __init__(self, folder: Path, *codes: str) -> None:
        command = [sys.executable, "-c", SUPERVISED, *codes]
        self.process = subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
        )
        assert self.process.stdout
        line = self.process.stdout.readline()
        self.pids = [int(pid) for pid in line.split()]

    def end(self) -> tuple[int, str, str]:
        out, err = self.process.communicate(timeout=20)
        return self.process.returncode, out, err


@pytest.fixture
def supervised(tmp_path):
    started: list[Supervised] = []

    def start(*codes: str) -> Supervised:
        started.append(Supervised(tmp_path, *codes))
        return started[-1]

    yield start
    for one in started:
        one.process.kill()
        for pid in one.pids:
            if alive(pid):
                os.kill(pid, signal.SIGKILL)
        one.process.communicate()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_stops_all(supervised, number):
    one = supervised(SLEEP, SLEEP)
    one.process.send_signal(number)
    assert one.end() == (0, "Stopped.\n", "")
    assert not any(map(alive, one.pids))


def test_the_terminals_ctrl_c_comes_to_the_supervisor_alone(supervised):
    """So that it stops the children in its own order."""
    one = supervised(SLEEP)
    assert os.getpgid(one.pids[0]) != os.getpgid(one.process.pid)
    os.killpg(one.process.pid, signal.SIGINT)
    assert one.end() == (0, "Stopped.\n", "")


def test_one_that_dies_ends_all_and_is_named(supervised):
    one = supervised(SLEEP, SLEEP)
    os.kill(one.pids[1], signal.SIGKILL)
    assert one.end() == (1, "", "child 1 died (SIGKILL).\n")
    assert not any(map(alive, one.pids))


def test_one_that_fails_is_named_with_its_exit_code(supervised):
    one = supervised(SLEEP, "raise SystemExit(7)")
    assert one.end() == (1, "", "child 1 died (exit code 7).\n")


def test_one_that_does_not_stop_is_killed(supervised):
    one = supervised(DEAF)
    assert one.process.stdout
    assert one.process.stdout.readline() == "deaf\n"
    one.process.terminate()
    assert one.end() == (0, "Stopped.\n", "child 0 does not stop and is killed.\n")
    assert not alive(one.pids[0])


def test_what_a_dead_child_had_started_ends_too(supervised):
    one = supervised(PARENT)
    assert one.process.stdout
    grandchild = int(one.process.stdout.readline())
    os.kill(one.pids[0], signal.SIGKILL)
    assert one.end() == (1, "", "child 0 died (SIGKILL).\n")
    wait_until(lambda: not alive(grandchild))


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child that its parent is gone")
def test_a_killed_supervisor_leaves_no_children(supervised):
    one = supervised(SLEEP, SLEEP)
    one.process.kill()
    one.process.wait()
    wait_until(lambda: not any(map(alive, one.pids)))
