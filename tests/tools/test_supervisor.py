"""Programs that run together end when one of them ends, and when their supervisor ends."""

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

supervisor.STOP_TIMEOUT = 0.5

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
    """Return whether a process runs. A zombie does not."""
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
    for supervisor in started:
        supervisor.process.kill()
        for pid in supervisor.pids:
            if alive(pid):
                os.kill(pid, signal.SIGKILL)
        supervisor.process.communicate()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_stops_all(supervised, number):
    supervisor = supervised(SLEEP, SLEEP)
    supervisor.process.send_signal(number)
    assert supervisor.end() == (0, "Stopped.\n", "")
    assert not any(map(alive, supervisor.pids))


def test_the_terminals_ctrl_c_comes_to_the_supervisor_alone(supervised):
    """So that it stops the children in its own order."""
    supervisor = supervised(SLEEP)
    assert os.getpgid(supervisor.pids[0]) != os.getpgid(supervisor.process.pid)
    os.killpg(supervisor.process.pid, signal.SIGINT)
    assert supervisor.end() == (0, "Stopped.\n", "")


def test_one_that_dies_ends_all_and_is_named(supervised):
    supervisor = supervised(SLEEP, SLEEP)
    os.kill(supervisor.pids[1], signal.SIGKILL)
    assert supervisor.end() == (1, "", "child 1 died (SIGKILL).\n")
    assert not any(map(alive, supervisor.pids))


def test_one_that_fails_is_named_with_its_exit_code(supervised):
    supervisor = supervised(SLEEP, "raise SystemExit(7)")
    assert supervisor.end() == (1, "", "child 1 died (exit code 7).\n")


def test_one_that_does_not_stop_is_killed(supervised):
    supervisor = supervised(DEAF)
    assert supervisor.process.stdout
    assert supervisor.process.stdout.readline() == "deaf\n"
    supervisor.process.terminate()
    assert supervisor.end() == (0, "Stopped.\n", "child 0 does not stop and is killed.\n")
    assert not alive(supervisor.pids[0])


def test_what_a_dead_child_had_started_ends_too(supervised):
    supervisor = supervised(PARENT)
    assert supervisor.process.stdout
    grandchild = int(supervisor.process.stdout.readline())
    os.kill(supervisor.pids[0], signal.SIGKILL)
    assert supervisor.end() == (1, "", "child 0 died (SIGKILL).\n")
    wait_until(lambda: not alive(grandchild))


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child that its parent is gone")
def test_a_killed_supervisor_leaves_no_children(supervised):
    supervisor = supervised(SLEEP, SLEEP)
    supervisor.process.kill()
    supervisor.process.wait()
    wait_until(lambda: not any(map(alive, supervisor.pids)))
