"""The swap of the alias, the records that follow it, and an interrupted rollback."""

from typing import Any

import pytest
from elasticsearch import ApiError, Elasticsearch

from order_search.documents import OrderDocument
from search.exceptions import NoStandbyIndex, NothingToAdopt, RebuildRunning
from search.indices import aliases, lifecycle, lock, records, swap
from search.models import Index, IndexState

pytestmark = [pytest.mark.engine, pytest.mark.conformance, pytest.mark.django_db(transaction=True)]
ALIAS = aliases.alias_of(OrderDocument)


def add(state: str, **values: Any) -> str:
    """Another index of the document, recorded so."""
    name = lifecycle.create_physical_index(OrderDocument)
    Index.objects.create(name=name, alias=ALIAS, state=state, fingerprint="f", **values)
    return name


@pytest.fixture
def old(engine: Elasticsearch) -> str:
    """Return the live index."""
    return lifecycle.create(OrderDocument).name


def states() -> dict[str, str]:
    return dict(Index.objects.filter(alias=ALIAS).values_list("name", "state"))


def test_the_alias_moves_in_one_call(engine: Elasticsearch, old: str) -> None:
    new = add("building")
    swap.swap(ALIAS, old, new)
    assert list(engine.indices.get_alias(name=ALIAS)) == [new]


def test_nothing_moves_when_the_expected_index_is_not_the_one(engine: Elasticsearch, old: str) -> None:
    zombie, new = add("building"), add("retired")
    swap.swap(ALIAS, old, new)
    with pytest.raises(ApiError):
        swap.swap(ALIAS, old, zombie)
    assert list(engine.indices.get_alias(name=ALIAS)) == [new]


def test_the_first_index_replaces_none(engine: Elasticsearch) -> None:
    new = add("building")
    swap.swap(ALIAS, None, new)
    assert list(engine.indices.get_alias(name=ALIAS)) == [new]


def test_an_adopted_index_is_deleted_when_the_alias_takes_its_name(engine: Elasticsearch) -> None:
    engine.indices.create(index=ALIAS)
    new = lifecycle.create_physical_index(OrderDocument)
    swap.swap(ALIAS, ALIAS, new)
    assert list(engine.indices.get(index=f"{ALIAS}*")) == [new]
    assert list(engine.indices.get_alias(name=ALIAS)) == [new]


def test_sync_does_nothing_where_alias_and_record_agree(engine: Elasticsearch, old: str) -> None:
    assert aliases.sync_records_with_alias(ALIAS, "default") is None
    assert states() == {old: "live"}


def test_sync_does_nothing_without_an_alias(engine: Elasticsearch) -> None:
    assert aliases.sync_records_with_alias(ALIAS, "default") is None


def test_sync_records_what_the_alias_names(engine: Elasticsearch, old: str) -> None:
    new = add("building")
    swap.swap(ALIAS, old, new)
    assert aliases.sync_records_with_alias(ALIAS, "default", IndexState.STANDBY) == (new, old)
    assert states() == {old: "standby", new: "live"}


def test_a_rollback_goes_to_the_newest_standby(engine: Elasticsearch, old: str) -> None:
    add("standby")
    newest = add("standby")
    assert swap.rollback(ALIAS) == (newest, old)
    assert (aliases.alias_target(ALIAS), states()[newest], states()[old]) == (newest, "live", "standby")


def test_an_interrupted_rollback_is_only_recorded(engine: Elasticsearch, old: str) -> None:
    new = add("standby")
    swap.swap(ALIAS, old, new)
    assert swap.rollback(ALIAS) == (new, old)
    assert (aliases.alias_target(ALIAS), states()) == (new, {old: "standby", new: "live"})


def test_no_rollback_without_a_standby(engine: Elasticsearch, old: str) -> None:
    with pytest.raises(NoStandbyIndex, match=ALIAS):
        swap.rollback(ALIAS)


def test_no_rollback_during_a_rebuild(engine: Elasticsearch, old: str) -> None:
    add("standby")
    records.record_building(
        OrderDocument, lifecycle.create_physical_index(OrderDocument), "default", owner=lock.owner_id()
    )
    with pytest.raises(RebuildRunning):
        swap.rollback(ALIAS)
    assert aliases.alias_target(ALIAS) == old


def test_only_a_plain_index_can_be_adopted(engine: Elasticsearch) -> None:
    with pytest.raises(NothingToAdopt, match=ALIAS):
        swap.adopt(ALIAS)
    name = lifecycle.create(OrderDocument).name
    with pytest.raises(NothingToAdopt, match=ALIAS):
        swap.adopt(ALIAS)
    assert states() == {name: "live"}


def test_adopting_twice_is_harmless(engine: Elasticsearch) -> None:
    engine.indices.create(index=ALIAS)
    swap.adopt(ALIAS)
    swap.adopt(ALIAS)
    assert states() == {ALIAS: "live"}
    assert aliases.alias_target(ALIAS) == ALIAS
    assert lifecycle.delete(ALIAS) == [ALIAS]
    assert (states(), engine.indices.get(index=f"{ALIAS}*").body) == ({}, {})
