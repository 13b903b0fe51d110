"""Writes that meet: with real threads, each with its own connection, and a barrier before the start."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import OperationalError, connection, connections, transaction
from rest_framework.test import APIClient

from orders.models import Order
from tests.factories import OrderFactory
from tests.orders.conftest import error

pytestmark = pytest.mark.django_db(transaction=True)

Answer = tuple[int, Any]


def answer(method: str, path: str, body: object = None) -> Answer:
    """What a client of its own gets."""
    response = getattr(APIClient(raise_request_exception=False), method)(path, body)
    return response.status_code, response.json() if response.content else None


def at_once(*calls: Callable[[], Answer]) -> list[Answer]:
    """The answers of all calls, which start together."""
    barrier = threading.Barrier(len(calls))

    def run(call: Callable[[], Answer]) -> Answer:
        barrier.wait(10)
        try:
            return call()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


@pytest.fixture
def started() -> Iterator[Callable[[Callable[[], Answer]], Any]]:
    """Starts a call in a thread; its `result()` is the answer."""
    with ThreadPoolExecutor(4) as pool:

        def closing(call: Callable[[], Answer]) -> Answer:
            try:
                return call()
            finally:
                connections.close_all()

        yield lambda call: pool.submit(closing, call)


@pytest.mark.parametrize("round_", range(5))
def test_two_patches_lose_nothing(round_: int) -> None:
    path = f"/orders/{OrderFactory.create(customer_name='old', total_amount=1).pk}/"
    answers = at_once(
        lambda: answer("patch", path, {"customer_name": "new"}),
        lambda: answer("patch", path, {"total_amount": 2}),
    )
    assert [status for status, _ in answers] == [200, 200]
    order = Order.objects.get()
    assert (order.customer_name, order.total_amount) == ("new", 2)


@pytest.mark.postgres
def test_a_patch_waits_for_another_and_builds_on_it(started: Any) -> None:
    order = OrderFactory.create(customer_name="old", total_amount=1)
    with transaction.atomic():
        Order.objects.filter(pk=order.pk).update(total_amount=2)
        patch = started(lambda: answer("patch", f"/orders/{order.pk}/", {"customer_name": "new"}))
        wait_until_locked_out()
    assert patch.result(10)[0] == 200
    order.refresh_from_db()
    assert (order.customer_name, order.total_amount) == ("new", 2)


@pytest.mark.postgres
@pytest.mark.parametrize("method", ["patch", "delete"])
def test_what_waits_for_a_delete_is_a_404(started: Any, method: str) -> None:
    order = OrderFactory.create()
    with transaction.atomic():
        Order.objects.filter(pk=order.pk).delete()
        change = started(lambda: answer(method, f"/orders/{order.pk}/", {"customer_name": "back"}))
        wait_until_locked_out()
    status, body = change.result(10)
    assert (status, body["errors"][0]["code"]) == (404, "not_found")
    assert not Order.objects.exists()


def wait_until_locked_out() -> None:
    """Returns once a session waits for a lock that this one holds."""
    for _ in range(1000):
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))")
            if cursor.fetchone():
                return
            cursor.execute("SELECT pg_sleep(0.01)")
    raise AssertionError("nobody waits")


@pytest.mark.parametrize("round_", range(5))
def test_a_patch_never_brings_a_deleted_order_back(round_: int) -> None:
    path = f"/orders/{OrderFactory.create().pk}/"
    patch, delete = at_once(
        lambda: answer("patch", path, {"customer_name": "back"}),
        lambda: answer("delete", path),
    )
    assert patch[0] in (200, 404)
    assert delete[0] == 204
    assert not Order.objects.exists()


def test_two_deletes_are_one_204_and_one_404() -> None:
    path = f"/orders/{OrderFactory.create().pk}/"
    answers = at_once(lambda: answer("delete", path), lambda: answer("delete", path))
    assert sorted(status for status, _ in answers) == [204, 404]


def test_one_of_eight_gets_the_order_number() -> None:
    def post(name: str) -> Answer:
        return answer("post", "/orders/create", {"order_number": "a", "customer_name": name, "total_amount": 1})

    answers = at_once(*[lambda name=f"c{i}": post(name) for i in range(8)])  # type: ignore[misc]
    taken = error("unique", "order with this order number already exists.", "order_number")
    assert sorted(status for status, _ in answers) == [201] + [400] * 7
    assert [body for status, body in answers if status == 400] == [taken] * 7
    assert Order.objects.count() == 1


@pytest.mark.postgres
def test_a_number_taken_after_it_was_looked_up(started: Any) -> None:
    body = {"order_number": "a", "customer_name": "late", "total_amount": 1}
    with transaction.atomic():
        OrderFactory.create(order_number="a")
        post = started(lambda: answer("post", "/orders/create", body))
        wait_until_locked_out()  # past the look-up, at the unique index
    taken = error("unique", "order with this order number already exists.", "order_number")
    assert post.result(10) == (400, taken)
    assert Order.objects.count() == 1


@pytest.mark.postgres
def test_one_of_many_patches_gets_the_order_number() -> None:
    paths = [f"/orders/{order.pk}/" for order in OrderFactory.create_batch(4)]
    answers = at_once(*[lambda path=path: answer("patch", path, {"order_number": "a"}) for path in paths])  # type: ignore[misc]
    assert sorted(status for status, _ in answers) == [200] + [400] * 3


def deadlocked() -> OperationalError:
    """The error as Django raises it for PostgreSQL's 40P01."""
    cause = Exception("deadlock detected")
    cause.sqlstate = "40P01"  # type: ignore[attr-defined]
    raised = OperationalError("deadlock detected")
    raised.__cause__ = cause
    return raised


@pytest.mark.parametrize("method", ["patch", "put", "delete"])
def test_a_deadlock_is_tried_once_more(monkeypatch: pytest.MonkeyPatch, method: str) -> None:
    order = OrderFactory.create()
    tries = fail_first(monkeypatch, 1)
    body = {"order_number": "a", "customer_name": "new", "total_amount": 1}
    assert answer(method, f"/orders/{order.pk}/", body)[0] in (200, 204)
    assert len(tries) == 2


def test_a_deadlock_is_tried_only_once_more(monkeypatch: pytest.MonkeyPatch) -> None:
    order = OrderFactory.create(customer_name="old")
    tries = fail_first(monkeypatch, 2)
    status, body = answer("patch", f"/orders/{order.pk}/", {"customer_name": "new"})
    assert (status, body) == (500, error("error", "Server Error (500)", kind="server_error"))
    assert len(tries) == 2
    order.refresh_from_db()
    assert order.customer_name == "old"


def fail_first(monkeypatch: pytest.MonkeyPatch, times: int) -> list[int]:
    """Lets the first saves and deletes deadlock; the list grows with each try."""
    tries: list[int] = []

    def failing(original: Callable[..., Any]) -> Callable[..., Any]:
        def write(self: Order, *args: Any, **kwargs: Any) -> Any:
            done = original(self, *args, **kwargs)
            tries.append(1)
            if len(tries) <= times:
                raise deadlocked()
            return done

        return write

    for name in ("save", "delete"):
        monkeypatch.setattr(Order, name, failing(getattr(Order, name)))
    return tries


@pytest.mark.postgres
def test_a_real_deadlock_ends_in_two_writes(started: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another program takes two rows in the opposite order; whoever PostgreSQL kills, the request is a 200."""
    first, second = OrderFactory.create_batch(2)
    original, tries = Order.save, []
    request_holds_first, other_holds_second = threading.Event(), threading.Event()

    def save_both(self: Order, *args: Any, **kwargs: Any) -> None:
        original(self, *args, **kwargs)
        tries.append(self.pk)
        request_holds_first.set()
        assert other_holds_second.wait(10)
        if len(tries) == 1:
            wait_until_locked_out()  # the other: so it is the request that closes the circle, looks, and is killed
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL deadlock_timeout = '10ms'")
        Order.objects.filter(pk=second.pk).update(customer_name="request")

    monkeypatch.setattr(Order, "save", save_both)
    patch = started(lambda: answer("patch", f"/orders/{first.pk}/", {"customer_name": "request"}))
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL deadlock_timeout = '60s'")  # the other never looks
        Order.objects.filter(pk=second.pk).update(customer_name="other")
        other_holds_second.set()
        assert request_holds_first.wait(10)
        Order.objects.filter(pk=first.pk).update(total_amount=77)
    assert patch.result(10)[0] == 200
    assert tries == [first.pk, first.pk]
    first.refresh_from_db()
    assert (first.customer_name, first.total_amount) == ("request", 77)
