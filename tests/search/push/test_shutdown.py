"""A stop request wakes a wait at once, and may be set at any moment, also by a signal handler."""

import os
import subprocess
import sys
import threading
from time import monotonic, sleep

import pytest

from search.push.shutdown import StopRequest

# In each round a signal handler sets the request while its own thread begins and ends many waits. An Event deadlocks
# within a few hundred rounds; SimpleQueue.get(timeout) hangs on a busy machine, even without a signal.
HANDLED = """
import signal, sys
from random import Random
from search.push.shutdown import StopRequest

random, request = Random(1), None
signal.signal(signal.SIGALRM, lambda *_: request.set())
for _ in range(5_000):
    request = StopRequest()
    signal.setitimer(signal.ITIMER_REAL, random.uniform(0.00002, 0.0003))
    while not request.is_set():
        request.wait(random.choice((0, 0, 0, 0.000001)))
print("all stopped")
"""


@pytest.mark.slow
def test_a_handler_may_set_it_at_any_moment() -> None:
    ran = subprocess.run([sys.executable, "-c", HANDLED], capture_output=True, text=True, timeout=60, check=False)
    assert (ran.stdout, ran.returncode) == ("all stopped\n", 0)


def test_a_waiting_thread_is_woken() -> None:
    request, began = StopRequest(), monotonic()
    other = threading.Thread(target=lambda: (sleep(0.05), request.set()))
    other.start()
    request.wait(30)
    other.join()
    assert (request.is_set(), monotonic() - began < 5) == (True, True)


def test_every_wait_afterwards_ends_at_once() -> None:
    request, began = StopRequest(), monotonic()
    request.set()
    request.wait(30)
    request.wait(30)
    assert monotonic() - began < 5


def test_a_wait_without_a_request_lasts_its_time() -> None:
    request, began = StopRequest(), monotonic()
    request.wait(0.05)
    assert (request.is_set(), monotonic() - began >= 0.05) == (False, True)


def test_a_wait_that_is_shorter_than_the_scheduler_is_precise_ends() -> None:
    """The first wait of a fresh SimpleQueue does not always: see search/push/shutdown.py."""
    for _ in range(2_000):
        StopRequest().wait(0.000001)


def test_it_leaves_no_descriptor_open() -> None:
    request = StopRequest()
    reader = request._reader
    del request
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(reader)
