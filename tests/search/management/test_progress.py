"""Progress: a bar on a terminal, lines in a log, nothing when silence is asked for."""

import io
import os

import pytest
from django.core.management.base import OutputWrapper

from search.management import progress
from search.management.progress import ProgressBar, duration

CLEAR = "\r\x1b[K"


class Terminal(io.StringIO):
    """A stream that is a terminal."""

    def isatty(self) -> bool:
        return True


class Clock:
    """Time that passes when told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch):
    found = Clock()
    monkeypatch.setattr(progress, "monotonic", found)
    monkeypatch.setattr(progress.shutil, "get_terminal_size", lambda: os.terminal_size((120, 24)))
    return found


def started(stream, clock, seconds, **options):
    """A bar that began some seconds ago with nothing done; what it has said until now is forgotten."""
    bar = ProgressBar(OutputWrapper(stream), "orders", **options)
    bar.show(0, 1200)
    stream.truncate(0)
    stream.seek(0)
    clock.now += seconds
    return bar


def test_a_bar_on_a_terminal_has_the_rate_and_the_time_left(clock):
    stream = Terminal()
    bar = started(stream, clock, 10.0)
    bar.show(400, 1200, 2)
    text = "orders: 33% (400 of 1,200), 40/s, 0:20 left, 2 refused"
    assert stream.getvalue() == f"{CLEAR}{text} [{'#' * 10}{' ' * 20}]"


def test_the_bar_is_drawn_anew_in_its_place_and_taken_away_at_the_end(clock):
    stream = Terminal()
    bar = started(stream, clock, 1.0)
    bar.show(600, 1200)
    bar.show(1200, 1200)
    bar.close()
    drawn = stream.getvalue().split(CLEAR)
    assert drawn == [
        "",
        f"orders: 50% (600 of 1,200), 600/s, 0:01 left, 0 refused [{'#' * 15}{' ' * 15}]",
        f"orders: 100% (1,200 of 1,200), 1,200/s, 0 refused [{'#' * 30}]",
        "",
    ]


def test_the_bar_is_no_wider_than_the_terminal(clock, monkeypatch):
    monkeypatch.setattr(progress.shutil, "get_terminal_size", lambda: os.terminal_size((20, 24)))
    stream = Terminal()
    started(stream, clock, 1.0).show(600, 1200)
    assert stream.getvalue() == f"{CLEAR}orders: 50% (600 of"


def test_the_bar_starts_from_what_was_done_before(clock):
    """A resumed work is not as fast as if it had done everything now."""
    stream = Terminal()
    bar = ProgressBar(OutputWrapper(stream), "orders")
    bar.show(1000, 1200)
    clock.now += 10.0
    bar.show(1100, 1200)
    assert stream.getvalue().split(CLEAR)[-1].startswith("orders: 91% (1,100 of 1,200), 10/s, 0:10 left, 0 refused")


def test_before_anything_is_done_no_time_left_is_told(clock):
    stream = Terminal()
    ProgressBar(OutputWrapper(stream), "orders").show(0, 1200)
    assert stream.getvalue() == f"{CLEAR}orders: 0% (0 of 1,200), 0/s, 0 refused [{' ' * 30}]"


@pytest.mark.parametrize(("done", "total", "share"), [(0, 0, 100), (3, 0, 100), (12, 10, 120)])
def test_more_than_was_expected_breaks_nothing(clock, done, total, share):
    stream = Terminal()
    ProgressBar(OutputWrapper(stream), "orders").show(done, total)
    assert f"{share}% ({done} of {total})" in stream.getvalue()


def test_a_log_gets_a_line_each_ten_seconds_and_no_control_characters(clock):
    stream = io.StringIO()
    bar = ProgressBar(OutputWrapper(stream), "orders")
    for done in range(0, 1300, 50):  # a second each
        bar.show(done, 1200)
        clock.now += 1.0
    bar.close()
    assert stream.getvalue() == (
        "orders: 41% (500 of 1,200), 50/s, 0:14 left, 0 refused\n"
        "orders: 83% (1,000 of 1,200), 50/s, 0:04 left, 0 refused\n"
    )


@pytest.mark.parametrize("stream", [io.StringIO(), Terminal()])
def test_silence(clock, stream):
    bar = started(stream, clock, 60.0, verbosity=0)
    bar.show(600, 1200)
    bar.close()
    assert stream.getvalue() == ""


def test_a_terminal_that_saw_no_bar_is_left_as_it_is(clock):
    stream = Terminal()
    ProgressBar(OutputWrapper(stream), "orders").close()
    assert stream.getvalue() == ""


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0:00"),
        (0.4, "0:00"),
        (59.6, "1:00"),
        (61, "1:01"),
        (3599, "59:59"),
        (3723, "1:02:03"),
        (360_000, "100:00:00"),
    ],
)
def test_duration(seconds, text):
    assert duration(seconds) == text
