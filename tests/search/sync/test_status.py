"""`X-Search-Status`: what a request's pushes add up to."""

import threading

import pytest

from search.sync import status
from search.sync.status import RequestStatus


@pytest.fixture
def request_status():
    found = RequestStatus()
    token = status.current.set(found)
    yield found
    status.current.reset(token)


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
def test_indexed_when_all_of_it_was_confirmed(request_status, pushes, text):
    for confirmed in pushes:
        status.note(confirmed)
    assert str(request_status) == text


def test_outside_a_request_nothing_is_noted():
    status.note(False)
    assert status.current.get() is None


def test_another_thread_is_another_request(request_status):
    thread = threading.Thread(target=status.note, args=(False,))
    thread.start()
    thread.join()
    assert request_status == RequestStatus()
