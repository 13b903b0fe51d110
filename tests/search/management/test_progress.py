"""Progress: a bar on a terminal, lines in a log, nothing at verbosity 0."""

import io

import pytest
from django.core.management.base import OutputWrapper

from search.management.progress import ProgressBar

CLEAR = "\r\x1b[K"


class Terminal(io.StringIO):
    """A stream that is a terminal."""

    def isatty(self) -> bool:
        return True


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    return Clock()


def progress_bar(stream, clock, **options):
    return ProgressBar(OutputWrapper(stream), "orders", clock=clock, **options)


def started(stream, clock, seconds, **options):
    """Return a bar that was shown some seconds ago with nothing done; empty the stream."""
    bar = progress_bar(stream, clock, **options)
    bar.show(0, 1200)
    stream.truncate(0)
    stream.seek(0)
    clock.now += seconds
    return bar


def test_a_bar_on_a_terminal_has_count_rate_time_left_and_refused(clock):
    stream = Terminal()
    started(stream, clock, 10.0).show(400, 1200, 2)
    text = stream.getvalue().removeprefix(CLEAR)
    assert text.startswith("orders:  33%|####")
    assert text.endswith("| 400/1200 [00:10<00:20, 40.00doc/s, 2 refused]")
    assert len(text) == 79


def test_the_bar_is_redrawn_in_place_and_removed_at_the_end(clock):
    stream = Terminal()
    with started(stream, clock, 1.0) as bar:
        bar.show(600, 1200)
        bar.show(1200, 1200)
    before, half, full, removed = stream.getvalue().split(CLEAR)
    assert half.startswith("orders:  50%|")
    assert full.startswith("orders: 100%|")
    assert (before, removed) == ("", "")


def test_the_bar_is_no_wider_than_the_terminal(clock, monkeypatch):
    monkeypatch.setenv("COLUMNS", "20")
    stream = Terminal()
    started(stream, clock, 1.0).show(600, 1200)
    assert len(stream.getvalue().removeprefix(CLEAR)) == 19


def test_what_was_done_before_does_not_count_for_the_rate(clock):
    stream = Terminal()
    bar = progress_bar(stream, clock)
    bar.show(1000, 1200)
    clock.now += 10.0
    bar.show(1100, 1200)
    assert stream.getvalue().endswith("| 1100/1200 [00:10<00:10, 10.00doc/s, 0 refused]")


def test_without_progress_there_is_no_time_left(clock):
    stream = Terminal()
    progress_bar(stream, clock).show(0, 1200)
    assert stream.getvalue().endswith("| 0/1200 [00:00<?, ?doc/s, 0 refused]")


@pytest.mark.parametrize(("done", "total"), [(0, 0), (3, 0), (12, 10)])
def test_more_than_the_total(clock, done, total):
    stream = Terminal()
    progress_bar(stream, clock).show(done, total)
    assert f"orders: {done}doc [" in stream.getvalue()


def test_a_log_gets_a_line_every_ten_seconds_without_control_characters(clock):
    stream = io.StringIO()
    with progress_bar(stream, clock) as bar:
        for done in range(0, 1300, 50):  # a second each
            bar.show(done, 1200)
            clock.now += 1.0
    assert stream.getvalue() == (
        "orders:  42% 500/1200 [00:10<00:14, 50.00doc/s, 0 refused]\n"
        "orders:  83% 1000/1200 [00:20<00:04, 50.00doc/s, 0 refused]\n"
    )


@pytest.mark.parametrize("stream", [io.StringIO(), Terminal()])
def test_verbosity_0_is_silent(clock, stream):
    with started(stream, clock, 60.0, verbosity=0) as bar:
        bar.show(600, 1200)
    assert stream.getvalue() == ""


def test_a_terminal_without_a_bar_is_left_as_it_is(clock):
    stream = Terminal()
    with progress_bar(stream, clock):
        pass
    assert stream.getvalue() == ""
