"""The output: a line that is updated while the demonstration runs, and the table at its end."""

import sys
import threading
from collections.abc import Sequence
from time import monotonic

from tools.comparison import Difference
from tools.demo.designs import Design


class Screen(threading.Thread):
    """A thread that updates one line twice a second on a terminal. Elsewhere only events are printed."""

    def __init__(self, designs: Sequence[Design]) -> None:
        super().__init__(daemon=True)
        self.designs = designs
        self.is_terminal = sys.stdout.isatty()
        self.started = monotonic()
        self._width = 0
        self._lock = threading.Lock()
        self._stopped = threading.Event()

    def run(self) -> None:
        while self.is_terminal and not self._stopped.wait(0.5):
            with self._lock:
                self._write("\r" + self._counts().ljust(self._width))

    def print_event(self, event: str) -> None:
        with self._lock:
            line = f"{self._clock()}  {event}"
            self._write(f"\r{line.ljust(self._width)}\n" if self.is_terminal else f"{line}\n{self._counts()}\n")

    def stop(self) -> None:
        self._stopped.set()
        with self._lock:
            if self.is_terminal:
                self._write("\r" + " " * self._width + "\r")

    def _clock(self) -> str:
        return f"{monotonic() - self.started:4.0f} s"

    def _counts(self) -> str:
        counts = [
            f"{design.name}: {design.tally.acknowledged} written, {design.tally.failed} failed"
            for design in self.designs
        ]
        line = "   ".join([self._clock(), *counts])
        self._width = max(self._width, len(line))
        return line

    def _write(self, text: str) -> None:
        sys.stdout.write(text)
        sys.stdout.flush()


def table(designs: Sequence[Design], differences: Sequence[Difference]) -> str:
    rows = [
        ("", [design.name for design in designs]),
        ("writes acknowledged", [str(design.tally.acknowledged) for design in designs]),
        ("writes failed", [str(design.tally.failed) for design in designs]),
        ("slowest write", [f"{design.tally.slowest:.2f} s" for design in designs]),
    ]
    rows += [(name, [str(getattr(difference, name)) for difference in differences]) for name in Difference._fields]
    width = max(len(design.name) for design in designs) + 3
    return "\n".join(f"{name:20}" + "".join(value.rjust(width) for value in values) for name, values in rows)
