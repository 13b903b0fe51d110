"""`X-Search-Status`: what a request's pushes add up to."""

import threading

import pytest

from search.push import request_status
from search.push.request_status import RequestStatus


@pytest.fixture
def current():
    found = RequestStatus()
    token = request_status.current.set(found)
    yield found
    request_status.current.reset(token)


@pytest.mark.parametrize(
    ("pushes", "text"),
    [
        ([], "pending"),
        ([True], "indexed"),
        ([False], "pending"),
        ([True, False, True], "pending"),
        ([True] * 2, "indexed"),
    ],
)
def test_indexed_when_all_of_it_was_confirmed(current, pushes, text):
    for confirmed in pushes:
        request_status.note(confirmed)
    assert str(current) == text


def test_outside_a_request_nothing_is_noted():
    request_status.note(False)
    assert request_status.current.get() is None


def test_another_thread_is_another_request(current):
    thread = threading.Thread(target=request_status.note, args=(False,))
    thread.start()
    thread.join()
    assert current == RequestStatus()
