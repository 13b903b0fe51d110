"""A request to stop is heard at once, and may come at any moment, also from a signal's handler."""

import subprocess
import sys
import threading
from time import monotonic, sleep

import pytest

from search.push.shutdown import Stopping

# Each round a signal asks to stop while its own thread begins and ends many waits. An Event hangs within a few hundred.
HANDLED = """
import signal, sys
from random import Random
from search.push.shutdown import Stopping

random, stopping = Random(1), None
signal.signal(signal.SIGALRM, lambda *_: stopping.ask())
for _ in range(5_000):
    stopping = Stopping()
    signal.setitimer(signal.ITIMER_REAL, random.uniform(0.00002, 0.0003))
    while not stopping.asked:
        stopping.wait(0.000001)
print("all stopped")
"""


@pytest.mark.slow
def test_a_handler_may_ask_at_any_moment() -> None:
    ran = subprocess.run([sys.executable, "-c", HANDLED], capture_output=True, text=True, timeout=60, check=False)
    assert (ran.stdout, ran.returncode) == ("all stopped\n", 0)


def test_who_waits_is_woken() -> None:
    stopping, began = Stopping(), monotonic()
    asking = threading.Thread(target=lambda: (sleep(0.05), stopping.ask()))
    asking.start()
    stopping.wait(30)
    asking.join()
    assert (stopping.asked, monotonic() - began < 5) == (True, True)


def test_nobody_waits_after_it() -> None:
    stopping, began = Stopping(), monotonic()
    stopping.ask()
    stopping.wait(30)
    stopping.wait(30)
    assert monotonic() - began < 5


def test_otherwise_as_long_as_was_said() -> None:
    stopping, began = Stopping(), monotonic()
    stopping.wait(0.05)
    assert (stopping.asked, monotonic() - began >= 0.05) == (False, True)
