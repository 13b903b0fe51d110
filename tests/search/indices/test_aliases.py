"""Nothing is pushed while the alias names an index that no push writes to: it would be confirmed, but not found."""

import pytest
from elasticsearch import Elasticsearch

from order_search.documents import OrderDocument
from orders.models import Order
from search.exceptions import AliasMismatch
from search.indices import aliases, lifecycle, records
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
    """Push only what a test pushes, with enough time for it."""
    settings.SEARCH_PUSH = "async"
    settings.SEARCH_PUSH_TIMEOUT = 10


@pytest.fixture
def old(indices: Elasticsearch) -> str:
    """Return the name of the recorded live index."""
    return records.live_index(ALIAS).name  # type: ignore[union-attr]


@pytest.fixture
def unrecorded(indices: Elasticsearch, old: str) -> str:
    """Let the alias name an unrecorded index while the old one still exists, as after a restore."""
    name = lifecycle.create_physical_index(OrderDocument)
    swap(ALIAS, old, name)
    return name


def test_in_agreement(old: str) -> None:
    aliases.assert_alias_is_written()


@pytest.mark.parametrize("state", [IndexState.BUILDING, IndexState.STANDBY])
def test_a_swap_that_is_not_recorded_yet_is_no_difference(unrecorded: str, state: IndexState) -> None:
    """The index is a target before and after the swap."""
    Index.objects.create(name=unrecorded, alias=ALIAS, state=state, fingerprint="any")
    aliases.assert_alias_is_written()


def test_a_retired_index_that_is_searched_is_one(unrecorded: str, old: str) -> None:
    Index.objects.create(name=unrecorded, alias=ALIAS, state=IndexState.RETIRED, fingerprint="any")
    with pytest.raises(AliasMismatch):
        aliases.assert_alias_is_written()


def test_another_index_is_named(unrecorded: str, old: str) -> None:
    with pytest.raises(AliasMismatch) as caught:
        aliases.assert_alias_is_written()
    assert caught.value.detail == f"{ALIAS} names {unrecorded}, {old} is recorded as live"


def test_without_a_live_index_nothing_is_confirmed_anyway(unrecorded: str, old: str) -> None:
    Index.objects.all().delete()
    aliases.assert_alias_is_written()


def test_without_an_alias_nothing_is_searched(indices: Elasticsearch, old: str) -> None:
    indices.indices.delete(index=old)
    aliases.assert_alias_is_written()


class TestWhoPushes:
    """The service and the relay resume by themselves once the records match the alias."""

    def test_the_service(self, unrecorded: str, old: str, caplog: pytest.LogCaptureFixture) -> None:
        order = OrderFactory.create()
        for _ in range(2):
            assert sender("default").push([f"orders.Order:{order.pk}"]) is False
        assert (in_index(OrderDocument, old), Entry.objects.pending().count()) == ({}, 1)
        [message] = [record.getMessage() for record in caplog.records if record.name == "search.indices.aliases"]
        mismatch = AliasMismatch(f"{ALIAS} names {unrecorded}, {old} is recorded as live")
        assert message == f"nothing is pushed: {mismatch}"
        lifecycle.create(OrderDocument)
        assert sender("default").push([f"orders.Order:{order.pk}"]) is True
        assert_in_step()

    def test_the_relay(self, unrecorded: str, old: str) -> None:
        OrderFactory.create()
        relay = Relay()
        assert relay.step() == 0
        with pytest.raises(AliasMismatch):
            relay.drain()
        assert (in_index(OrderDocument, old), Entry.objects.pending().count()) == ({}, 1)
        lifecycle.create(OrderDocument)
        assert relay.step() == 1
        assert Order.objects.count() == 1
        assert_in_step()


class TestAliasGuard:
    """It asks Elasticsearch at most every GUARD_INTERVAL seconds."""

    @pytest.fixture
    def guard(self, indices: Elasticsearch, old: str) -> aliases.AliasGuard:
        self.now = 100.0
        return aliases.AliasGuard("default", clock=lambda: self.now)

    def test_a_check_that_passed_is_valid_for_a_while(self, guard: aliases.AliasGuard, old: str) -> None:
        assert guard.check()
        swap(ALIAS, old, lifecycle.create_physical_index(OrderDocument))
        self.now += aliases.GUARD_INTERVAL - 0.01
        assert guard.check()
        self.now += 0.01
        assert not guard.check()

    def test_a_failed_check_is_repeated_at_once(self, guard: aliases.AliasGuard, unrecorded: str) -> None:
        assert not guard.check()
        lifecycle.create(OrderDocument)
        assert guard.check()


@pytest.mark.django_db(transaction=True)
def test_an_engine_that_does_not_answer_is_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an answer nothing is confirmed either."""
    unreachable = Elasticsearch("http://127.0.0.1:9", max_retries=0)
    monkeypatch.setattr("search.indices.aliases.client", lambda **options: unreachable.options(**options))
    aliases.assert_alias_is_written()


def test_without_a_document_no_alias_is_requested(monkeypatch: pytest.MonkeyPatch, indices: Elasticsearch) -> None:
    """The client refuses an empty list, and a relay may run before the first document exists."""
    monkeypatch.setattr(aliases, "documents", list)
    assert aliases.alias_targets([]) == {}
    assert aliases.AliasGuard("default").check()
