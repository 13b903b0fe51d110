"""Progress of long work: a bar on a terminal, a plain line now and then in a log, nothing when asked to be silent."""

import shutil
from time import monotonic
from typing import Any

LINE_EVERY = 10.0  # seconds between two lines in a log
WIDTH = 30  # characters of the bar


class ProgressBar:
    """Shows how far a work of known length has come. `stream` is a command's stderr."""

    def __init__(self, stream: Any, label: str, *, verbosity: int = 1) -> None:
        self.stream, self.label, self.silent = stream, label, verbosity < 1
        self.terminal = bool(getattr(stream, "isatty", lambda: False)())
        self.began = self.shown_at = monotonic()
        self.first: int | None = None  # what was done before: a resumed work is not that fast
        self.drawn = False

    def show(self, done: int, total: int, errors: int = 0) -> None:
        """Draw the bar anew, or write a line if the last one is old enough."""
        self.first = done if self.first is None else self.first
        if self.silent or not (self.terminal or monotonic() - self.shown_at >= LINE_EVERY):
            return
        self.shown_at = monotonic()
        text = f"{self.label}: {self.text(done, total, errors)}"
        if self.terminal:
            self.draw(f"{text} {bar(done, total)}")
            self.drawn = True
        else:
            self.stream.write(text)

    def draw(self, text: str) -> None:
        """Put this in the place of the line; cut to the terminal's width, since a line that wraps would stay."""
        cut = text[: shutil.get_terminal_size().columns - 1]
        self.stream.write(f"\r\x1b[K{cut}", str, ending="")  # str: progress is no error, and not red
        self.stream.flush()

    def text(self, done: int, total: int, errors: int) -> str:
        """Share, count, rate, time left and errors."""
        rate = (done - (self.first or 0)) / max(0.001, monotonic() - self.began)
        left = f", {duration((total - done) / rate)} left" if rate and done < total else ""
        share = 100 * done // total if total else 100
        return f"{share}% ({done:,} of {total:,}), {rate:,.0f}/s{left}, {errors} refused"

    def close(self) -> None:
        """Take the bar from the terminal."""
        if self.drawn:
            self.draw("")


def bar(done: int, total: int) -> str:
    """The share as a bar."""
    filled = WIDTH * min(done, total) // max(1, total)
    return f"[{'#' * filled}{' ' * (WIDTH - filled)}]"


def duration(seconds: float) -> str:
    """Hours, minutes and seconds: 1:02:03, or 2:03."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
