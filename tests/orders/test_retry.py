"""Concurrent writes: conflicts and deadlocks are retried once."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import OperationalError, connection, transaction

from orders.models import Order
from tests.errors import error
from tests.factories import OrderFactory
from tests.orders.concurrency import Answer, answer, at_once, wait_until_locked_out

pytestmark = pytest.mark.django_db(transaction=True)


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
def test_a_change_that_waits_for_a_delete_is_a_404(started: Any, method: str) -> None:
    order = OrderFactory.create()
    with transaction.atomic():
        Order.objects.filter(pk=order.pk).delete()
        change = started(lambda: answer(method, f"/orders/{order.pk}/", {"customer_name": "back"}))
        wait_until_locked_out()
    status, body = change.result(10)
    assert (status, body["errors"][0]["code"]) == (404, "not_found")
    assert not Order.objects.exists()


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

    answers = at_once(*[lambda name=f"c{i}": post(name) for i in range(8)])
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
    answers = at_once(*[lambda path=path: answer("patch", path, {"order_number": "a"}) for path in paths])
    assert sorted(status for status, _ in answers) == [200] + [400] * 3


def deadlocked() -> OperationalError:
    """Return the error that Django raises for PostgreSQL's 40P01."""
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
    """Let the first saves and deletes deadlock; return a list that grows with each try."""
    tries: list[int] = []

    def failing(original: Callable[..., Any]) -> Callable[..., Any]:
        def write(self: Order, *args: Any, **kwargs: Any) -> Any:
            result = original(self, *args, **kwargs)
            tries.append(1)
            if len(tries) <= times:
                raise deadlocked()
            return result

        return write

    for name in ("save", "delete"):
        monkeypatch.setattr(Order, name, failing(getattr(Order, name)))
    return tries


@pytest.mark.postgres
def test_a_real_deadlock_ends_in_two_writes(started: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another program locks two rows in the opposite order; PostgreSQL aborts the request, whose retry succeeds."""
    first, second = OrderFactory.create_batch(2)
    original, tries = Order.save, []
    request_holds_first, other_holds_second = threading.Event(), threading.Event()

    def save_both(self: Order, *args: Any, **kwargs: Any) -> None:
        original(self, *args, **kwargs)
        tries.append(self.pk)
        request_holds_first.set()
        assert other_holds_second.wait(10)
        if len(tries) == 1:
            wait_until_locked_out()  # until the other waits, so that the request closes the cycle and is aborted
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL deadlock_timeout = '10ms'")
        Order.objects.filter(pk=second.pk).update(customer_name="request")

    monkeypatch.setattr(Order, "save", save_both)
    patch = started(lambda: answer("patch", f"/orders/{first.pk}/", {"customer_name": "request"}))
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL deadlock_timeout = '60s'")  # the other does not check for deadlocks
        Order.objects.filter(pk=second.pk).update(customer_name="other")
        other_holds_second.set()
        assert request_holds_first.wait(10)
        Order.objects.filter(pk=first.pk).update(total_amount=77)
    assert patch.result(10)[0] == 200
    assert tries == [first.pk, first.pk]
    first.refresh_from_db()
    assert (first.customer_name, first.total_amount) == ("request", 77)
