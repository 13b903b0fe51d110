"""A request to stop that a signal handler may set whatever its thread is doing.

Neither threading.Event nor SimpleQueue can do this. The handler runs on the waiting thread, and could deadlock on the
Event's lock. CPython's SimpleQueue.get(timeout) waits without a limit if its thread is suspended beyond the timeout
between two tries of its lock, since it then passes a negative timeout on. A pipe and poll() have neither problem.
"""

import math
import os
import select
import weakref


class StopRequest:
    """A flag that is set once and never cleared; waiting ends when it is set."""

    def __init__(self) -> None:
        self._is_set = False
        self._reader, self._writer = os.pipe()
        weakref.finalize(self, _close, self._reader, self._writer)

    def is_set(self) -> bool:
        return self._is_set

    def set(self) -> None:
        """Request to stop, and wake the waiting thread. Safe in a signal handler."""
        if not self._is_set:
            self._is_set = True
            os.write(self._writer, b"\0")  # stays in the pipe, so every later wait ends at once

    def wait(self, seconds: float) -> None:
        poller = select.poll()
        poller.register(self._reader, select.POLLIN)
        poller.poll(math.ceil(seconds * 1000))


def _close(*descriptors: int) -> None:
    for descriptor in descriptors:
        os.close(descriptor)
