"""C7, C8, C9: an entry is done when every target says so, what is gone stays gone, and no write names an alias."""

import json
from contextlib import contextmanager

import pytest

from order_search.documents import OrderDocument
from orders.models import Order
from search.exceptions import RebuildIncomplete
from search.indices import lifecycle as module
from search.indices import swap
from search.mapping.fingerprint import signed_body
from search.outbox.outcomes import Outcome
from search.push.sender import sender
from search.rebuild import rebuild
from tests.search.interleavings.ends import assert_quiet, outbox_entries
from tests.search.interleavings.rebuilding import ALIAS, STANDBY, begin, fill, finish, live, named
from tests.support import assert_in_step, in_database, in_index

pytestmark = [pytest.mark.engine, pytest.mark.conformance]


@pytest.fixture(autouse=True)
def _no_wait(settings):
    settings.SEARCH_PUSH_TIMEOUT = 0.01


def rename(order, name):
    Order.objects.filter(pk=order.pk).update(customer_name=name)


@contextmanager
def blocked(engine, name):
    """Make the index refuse every write inside."""
    engine.indices.put_settings(index=name, settings={"index.blocks.write": True})
    yield
    engine.indices.put_settings(index=name, settings={"index.blocks.write": False})


@pytest.mark.real
@pytest.mark.parametrize("refuses", ["the live one", "the one that is built"])
def test_one_target_of_two_is_not_enough(order, push, engine, settings, refuses):
    """Done when any is, the other would lack the change: the live one permanently, the new one after the swap."""
    settings.SEARCH_PUSH_TIMEOUT = 10
    index = begin()
    fill(index)
    rename(order, "second")
    with blocked(engine, live() if refuses == "the live one" else index.name):
        assert sender("default").push([f"orders.Order:{order.pk}"]) is False
        (result,) = push(order.pk).end()
        assert result.outcome is Outcome.RETRY
        assert set(outbox_entries()) == {f"orders.Order:{order.pk}"}
    settings.SEARCH_PUSH_TIMEOUT = 0.01
    finish(index)
    assert_quiet()


def test_a_swap_before_the_relay_comes(order, push, engine):
    """The row's change waits when the index is swapped in: the verification lets it pass, for its entry is there."""
    index = begin()
    fill(index)
    rename(order, "second")
    finish(index)
    assert set(outbox_entries()) == {f"orders.Order:{order.pk}"}
    assert in_index(OrderDocument) != in_database(OrderDocument)
    assert_quiet()


@pytest.mark.real  # the embedded engine makes it
@pytest.mark.parametrize("change", ["update", "delete"])
def test_a_late_push_does_not_create_a_retired_index_again(order, push, engine, change):
    """By itself the engine would, with a mapping that it guesses; a versioned delete does it too."""
    old = live()
    rename(order, "second") if change == "update" else Order.objects.all().delete()
    late = push(order.pk).until("send")
    new = rebuild.rebuild(OrderDocument).name
    (result,) = late.end()
    assert (result.outcome, result.error[:15]) == (Outcome.RETRY, "index_not_found")
    assert (named(engine), engine.indices.exists(index=old).body) == ([new], False)
    assert_quiet()


def test_a_push_names_indices_and_never_the_alias(order, push):
    """By the alias's name it would land in the new index alone, and be confirmed: after a rollback it is missing."""
    old = live()
    rename(order, "second")
    late = push(order.pk).until("send")
    assert [names(action) for action in late.actions] == [old]
    rebuild.rebuild(OrderDocument, options=STANDBY)
    late.end()
    assert outbox_entries() == {}
    assert_in_step(old)
    swap.rollback(ALIAS)
    assert_in_step()


def names(action):
    """Return the index that an operation names."""
    return json.loads(action.body.split(b"\n")[0])[action.op_type]["_index"]


@pytest.mark.real
def test_a_change_that_the_new_index_alone_refuses(order, push, engine, monkeypatch):
    """It comes when the backfill has passed, and is a dead letter; the swap would take its row from search."""
    really = signed_body

    def narrow(document):
        body = really(document)
        body["mappings"]["properties"]["total_amount"] = {"type": "byte"}
        return body

    Order.objects.update(total_amount=1)
    push(order.pk).end()
    monkeypatch.setattr(module, "signed_body", narrow)
    old, index = live(), begin()
    fill(index)
    Order.objects.update(total_amount=1000)
    (result,) = push(order.pk).end()
    assert result.outcome is Outcome.REFUSED
    with pytest.raises(RebuildIncomplete, match=rf"\(1 differ: {order.pk} dead\)$"):
        finish(index)
    assert (live(), named(engine)) == (old, [old])
    assert_in_step()
