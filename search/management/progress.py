"""Progress of long work: tqdm's bar on a terminal, its figures as a line now and then in a log."""

import shutil
from collections.abc import Callable
from functools import partial
from time import monotonic
from typing import Any, Self

from tqdm import tqdm

LINE_INTERVAL = 10.0  # seconds between two lines in a log


class ProgressBar:
    """Shows count, rate, time left and refused documents on `stream`, a command's stderr; nothing at verbosity 0."""

    def __init__(self, stream: Any, label: str, *, verbosity: int = 1, clock: Callable[[], float] = monotonic) -> None:
        self._stream, self._label, self._silent, self._clock = stream, label, verbosity < 1, clock
        self._is_terminal = bool(getattr(stream, "isatty", lambda: False)())
        self._started_at = self._shown_at = clock()
        self._initial: int | None = None  # done before: a resumed rebuild must not look faster than it is
        self._drawn = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def show(self, done: int, total: int, refused: int = 0) -> None:
        """Draw the bar, or write a line if the last one is LINE_INTERVAL old."""
        now = self._clock()
        self._initial = done if self._initial is None else self._initial
        if self._silent or not (self._is_terminal or now - self._shown_at >= LINE_INTERVAL):
            return
        self._shown_at = now
        # tqdm's own object writes a carriage return per update, which a log must not contain.
        meter = partial(tqdm.format_meter, done, total, now - self._started_at, prefix=self._label, unit="doc")
        figures = partial(meter, initial=self._initial, postfix=f"{refused} refused", ascii=True)
        if self._is_terminal:
            self._draw(figures(ncols=shutil.get_terminal_size().columns - 1))
        else:
            self._stream.write(figures(ncols=0))

    def close(self) -> None:
        if self._drawn:
            self._draw("")

    def _draw(self, text: str) -> None:
        self._stream.write(f"\r\x1b[K{text}", str, ending="")  # str: without the red of an error
        self._stream.flush()
        self._drawn = True
