"""A request to stop, which a signal's handler may make whatever its thread is doing at that moment.

An Event must not be set there: the handler runs in the thread that waits for it, and where that thread was just taking
the Event's lock it would wait for itself for ever.
"""

from contextlib import suppress
from queue import Empty, SimpleQueue


class Stopping:
    """Asked for once; from then on nobody waits."""

    def __init__(self) -> None:
        self.asked = False
        self._wake: SimpleQueue[None] = SimpleQueue()  # its put is made for handlers

    def ask(self) -> None:
        """Ask to stop, and wake who waits."""
        self.asked = True
        self._wake.put(None)

    def wait(self, seconds: float) -> None:
        """Wait so long, or until it is asked for."""
        if not self.asked:
            with suppress(Empty):
                self._wake.get(timeout=seconds)
