"""What is shown: a line that lives while it runs, and the table at its end."""

import sys
import threading
from collections.abc import Sequence
from time import monotonic

from tools.demo.compare import Difference
from tools.demo.designs import Design


class Screen(threading.Thread):
    """On a terminal one line that is written anew twice a second; elsewhere what happens, line by line."""

    def __init__(self, designs: Sequence[Design]) -> None:
        super().__init__(daemon=True)
        self.designs = designs
        self.live = sys.stdout.isatty()
        self.started = monotonic()
        self._width = 0
        self._lock = threading.Lock()
        self._over = threading.Event()

    def run(self) -> None:
        while self.live and not self._over.wait(0.5):
            with self._lock:
                self._write("\r" + self._counts().ljust(self._width))

    def say(self, fact: str) -> None:
        """Something happened: a line that stays."""
        with self._lock:
            line = f"{self._clock()}  {fact}"
            self._write(f"\r{line.ljust(self._width)}\n" if self.live else f"{line}\n{self._counts()}\n")

    def stop(self) -> None:
        """Let the line go."""
        self._over.set()
        with self._lock:
            if self.live:
                self._write("\r" + " " * self._width + "\r")

    def _clock(self) -> str:
        return f"{monotonic() - self.started:4.0f} s"

    def _counts(self) -> str:
        """The writes of both designs so far."""
        found = [f"{each.name}: {each.tally.acknowledged} written, {each.tally.failed} failed" for each in self.designs]
        line = "   ".join([self._clock(), *found])
        self._width = max(self._width, len(line))
        return line

    def _write(self, text: str) -> None:
        sys.stdout.write(text)
        sys.stdout.flush()


def table(designs: Sequence[Design], differences: Sequence[Difference]) -> str:
    """What each design has to show."""
    rows = [
        ("", [each.name for each in designs]),
        ("writes acknowledged", [str(each.tally.acknowledged) for each in designs]),
        ("writes failed", [str(each.tally.failed) for each in designs]),
        ("slowest write", [f"{each.tally.slowest:.2f} s" for each in designs]),
    ]
    rows += [(name, [str(getattr(each, name)) for each in differences]) for name in Difference._fields]
    width = max(len(each.name) for each in designs) + 3
    return "\n".join(f"{name:20}" + "".join(value.rjust(width) for value in values) for name, values in rows)
