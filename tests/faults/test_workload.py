"""A request is too late if it took longer than the deadline and than any write without a push at the same time."""

from tests.faults.control import Control
from tests.faults.workload import Seen, Taken


def control(*writes: tuple[float, float]) -> Control:
    quiet = Control()
    quiet.writes = list(writes)
    return quiet


def patch(started: float, seconds: float, held: float = 0.0) -> Taken:
    return Taken("patch", 200, started, seconds, held)


def test_a_request_is_too_late_by_what_no_other_write_took_at_the_same_time() -> None:
    seen = Seen(taken=[patch(10, 1.4), patch(20, 1.8), patch(30, 1.8), patch(40, 2.0)])
    writes = control((5, 9), (21, 21.5), (29, 29.9), (32, 35), (41, 41.4))
    assert seen.beyond(1.5, writes) == [patch(30, 1.8), patch(40, 2.0)]


def test_nor_is_it_when_another_request_that_pushes_nothing_took_as_long() -> None:
    bulk = Taken("bulk", 204, 10.5, 0.8, 0.0)
    assert Seen(taken=[patch(10, 1.9), bulk]).beyond(1.5, control()) == []
    assert Seen(taken=[patch(10, 2.4), bulk]).beyond(1.5, control()) == [patch(10, 2.4)]
    assert Seen(taken=[patch(12, 1.9), bulk]).beyond(1.5, control()) == [patch(12, 1.9)], "not at the same time"
    assert Seen(taken=[bulk._replace(seconds=1.9)]).beyond(1.5, control()) == [bulk._replace(seconds=1.9)], "its own"
    assert Seen(taken=[patch(10, 1.9, held=1.6), bulk]).held_beyond(1.5, control()) != [], (
        "the push itself is no excuse"
    )


def test_what_the_service_held_counts_by_its_own_clock() -> None:
    seen = Seen(taken=[patch(10, 9.0, held=1.0), patch(20, 1.7, held=1.6), patch(30, 2.0, held=1.6)])
    assert seen.held_beyond(1.5, control((31, 31.2))) == [patch(20, 1.7, held=1.6)]
    assert (seen.slowest, seen.longest_held) == (9.0, 1.6)


def test_no_request_and_no_write_is_no_time() -> None:
    assert (Seen().slowest, Seen().longest_held, control().slowest) == (0.0, 0.0, 0.0)


def test_any_answer_but_2xx_has_failed() -> None:
    assert [status for status in (0, 200, 201, 204, 302, 404, 500) if Taken("patch", status, 0, 0, 0).failed] == [
        *(0, 302, 404, 500)
    ]
