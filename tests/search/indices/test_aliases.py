"""Nothing is pushed while the alias names an index that no push would reach: it would be confirmed, and not found."""

import pytest
from elasticsearch import Elasticsearch

from order_search.documents import OrderDocument
from orders.models import Order
from search.exceptions import AliasMismatch
from search.indices import aliases
from search.indices import lifecycle as module
from search.indices.swap import swap
from search.models import Entry, Index, IndexState
from search.push.relay import Relay
from search.push.sender import sender
from tests.factories import OrderFactory
from tests.support import assert_in_step, in_index

ALIAS = OrderDocument._index._name
pytestmark = [pytest.mark.engine, pytest.mark.conformance]


@pytest.fixture(autouse=True)
def _patient(settings) -> None:
    """Only capture writes by itself, and a push has time."""
    settings.SEARCH_PUSH = "async"
    settings.SEARCH_PUSH_TIMEOUT = 10


@pytest.fixture
def old(indices: Elasticsearch) -> str:
    """The live index, as the database has it."""
    return module.live(ALIAS).name  # type: ignore[union-attr]


@pytest.fixture
def strange(indices: Elasticsearch, old: str) -> str:
    """The alias names an index that the database knows nothing of, and the old one is still there: a restore."""
    name = module.make(OrderDocument)
    swap(ALIAS, old, name)
    return name


def test_in_agreement(old: str) -> None:
    aliases.refuse_if_unwritten()


@pytest.mark.parametrize("state", [IndexState.BUILDING, IndexState.STANDBY])
def test_a_swap_that_is_not_recorded_yet_is_no_difference(strange: str, state: IndexState) -> None:
    """Its index is a target all the while."""
    Index.objects.create(name=strange, alias=ALIAS, state=state, fingerprint="any")
    aliases.refuse_if_unwritten()


def test_a_retired_index_that_is_searched_is_one(strange: str, old: str) -> None:
    Index.objects.create(name=strange, alias=ALIAS, state=IndexState.RETIRED, fingerprint="any")
    with pytest.raises(AliasMismatch):
        aliases.refuse_if_unwritten()


def test_another_index_is_named(strange: str, old: str) -> None:
    with pytest.raises(AliasMismatch) as caught:
        aliases.refuse_if_unwritten()
    assert caught.value.detail == f"{ALIAS} names {strange}, the database takes {old} for live"


def test_without_a_live_index_nothing_is_confirmed_anyway(strange: str, old: str) -> None:
    Index.objects.all().delete()
    aliases.refuse_if_unwritten()


def test_without_an_alias_nothing_is_searched(indices: Elasticsearch, old: str) -> None:
    indices.indices.delete(index=old)
    aliases.refuse_if_unwritten()


class TestWhoPushes:
    """The service and the relay wait, and go on by themselves when the records follow the alias."""

    def test_the_service(self, strange: str, old: str, caplog: pytest.LogCaptureFixture) -> None:
        order = OrderFactory.create()
        for _ in range(2):
            assert sender("default").push([f"orders.Order:{order.pk}"]) is False
        assert (in_index(OrderDocument, old), Entry.objects.pending().count()) == ({}, 1)
        [told] = [record.getMessage() for record in caplog.records if record.name == "search.indices.aliases"]
        assert (
            told == f"nothing is pushed: {AliasMismatch(f'{ALIAS} names {strange}, the database takes {old} for live')}"
        )
        module.create(OrderDocument)
        assert sender("default").push([f"orders.Order:{order.pk}"]) is True
        assert_in_step()

    def test_the_relay(self, strange: str, old: str) -> None:
        OrderFactory.create()
        relay = Relay()
        assert relay.step() == 0
        with pytest.raises(AliasMismatch):
            relay.drain()
        assert (in_index(OrderDocument, old), Entry.objects.pending().count()) == ({}, 1)
        module.create(OrderDocument)
        assert relay.step() == 1
        assert Order.objects.count() == 1
        assert_in_step()


@pytest.mark.django_db(transaction=True)
def test_an_engine_that_does_not_answer_is_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    """It confirms nothing either, and the relay's patience has no end."""
    nobody = Elasticsearch("http://127.0.0.1:9", max_retries=0)
    monkeypatch.setattr("search.indices.aliases.client", lambda **options: nobody.options(**options))
    aliases.refuse_if_unwritten()
