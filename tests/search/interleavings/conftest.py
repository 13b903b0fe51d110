"""What every trace has: writes that are only captured, and pushes that go as far as the test lets them."""

from collections.abc import Callable, Iterator
from contextlib import nullcontext

import pytest

from orders.models import Order
from search.mapping.keys import Key
from search.push import actions
from tests.factories import OrderFactory
from tests.search.interleavings.ends import drain_now
from tests.search.interleavings.paused import Push, stop_before_send


@pytest.fixture(autouse=True)
def _capture_only(settings) -> None:
    """No push but the test's own, and no clock that decides what a push comes to."""
    settings.SEARCH_PUSH = "async"
    settings.SEARCH_PUSH_TIMEOUT = 20.0


@pytest.fixture
def push(monkeypatch) -> Iterator[Callable[..., Push]]:
    """Makes a push of some orders, by primary key, or of the keys in the outbox's text."""
    made: list[Push] = []

    def make(*keys: int | str) -> Push:
        made.append(Push([key if isinstance(key, str) else str(Key("orders.Order", str(key))) for key in keys]))
        return made[-1]

    stop_before_send(monkeypatch)
    yield make
    for one in made:
        if one.is_alive():
            one.end()


@pytest.fixture
def order(indices) -> Order:
    """An indexed order without a pending entry."""
    found = OrderFactory.create(customer_name="first")
    drain_now()
    return found


@pytest.fixture(params=["one snapshot", "no snapshot"])
def snapshot(request, monkeypatch) -> bool:
    """Whether the reads of a push are in one snapshot; without, their order alone must hold."""
    if request.param == "no snapshot":
        monkeypatch.setattr(actions, "snapshot", lambda using: nullcontext())
    return bool(request.param == "one snapshot")
