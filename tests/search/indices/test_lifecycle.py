"""Making, adopting and deleting indices, and what a crash between two steps leaves."""

import threading
from types import ModuleType
from typing import Any
from unittest.mock import patch

import pytest
from django.db import connection
from elasticsearch import Elasticsearch

from order_search.documents import OrderDocument
from search.exceptions import AliasIsAnIndex, AliasIsShared, EngineUnavailable
from search.indices import aliases, lifecycle, records
from search.indices.lifecycle import Creation
from search.mapping.fingerprint import fingerprint, signed_body
from search.models import Index, IndexState

pytestmark = [pytest.mark.engine, pytest.mark.conformance, pytest.mark.django_db(transaction=True)]
ALIAS = aliases.alias_of(OrderDocument)


def recorded_states() -> dict[str, str]:
    return dict(Index.objects.filter(alias=ALIAS).values_list("name", "state"))


def aliased(engine: Elasticsearch) -> list[str]:
    return list(engine.indices.get_alias(name=ALIAS))


def test_create_makes_a_dated_index_behind_the_alias(engine: Elasticsearch) -> None:
    created = lifecycle.create(OrderDocument)
    assert created == Creation(created.name, created=True)
    assert created.name.removeprefix(f"{ALIAS}-").isdigit()
    assert aliased(engine) == [created.name]
    index = Index.objects.get(alias=ALIAS)
    assert (index.name, index.state, index.fingerprint) == (created.name, "live", fingerprint(OrderDocument))
    assert records.stored_fingerprint(created.name) == fingerprint(OrderDocument)


def test_create_twice_is_harmless(engine: Elasticsearch) -> None:
    name = lifecycle.create(OrderDocument).name
    assert lifecycle.create(OrderDocument) == Creation(name, created=False)
    assert (recorded_states(), aliased(engine)) == ({name: "live"}, [name])


def test_creates_at_once_make_one_index(engine: Elasticsearch) -> None:
    gate, made = threading.Barrier(4), []

    def create() -> None:
        gate.wait()
        made.append(lifecycle.create(OrderDocument).name)
        connection.close()

    threads = [threading.Thread(target=create) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 4
    assert len(set(made)) == 1
    assert recorded_states() == {made[0]: "live"}
    assert list(engine.indices.get(index=f"{ALIAS}*")) == [made[0]]


def test_a_real_index_in_the_aliass_place_is_named(engine: Elasticsearch) -> None:
    engine.indices.create(index=ALIAS)
    with pytest.raises(AliasIsAnIndex, match=ALIAS):
        lifecycle.create(OrderDocument)
    assert recorded_states() == {}


def test_an_alias_of_two_indices_is_refused(engine: Elasticsearch) -> None:
    for number in (1, 2):
        engine.indices.create(index=f"{ALIAS}-{number}", aliases={ALIAS: {}})
    with pytest.raises(AliasIsShared, match=rf"{ALIAS}-1, {ALIAS}-2"):
        lifecycle.create(OrderDocument)


def test_without_an_engine(settings: object) -> None:
    with (
        patch("search.indices.template.client", side_effect=EngineUnavailable("refused")),
        pytest.raises(EngineUnavailable),
    ):
        lifecycle.create(OrderDocument)
    assert recorded_states() == {}


@pytest.mark.parametrize(
    ("module", "step"), [(records, "record_building"), (aliases, "add_alias"), (records, "record_live")]
)
def test_a_crash_at_any_step_is_repaired_by_the_next_create(
    engine: Elasticsearch, module: ModuleType, step: str
) -> None:
    with patch.object(module, step, side_effect=KeyboardInterrupt), pytest.raises(KeyboardInterrupt):
        lifecycle.create(OrderDocument)
    name = lifecycle.create(OrderDocument).name
    assert recorded_states() == {name: "live"}
    assert aliased(engine) == [name]
    assert Index.objects.get().fingerprint == fingerprint(OrderDocument)


def test_an_index_that_the_engine_has_lost_is_created_again(engine: Elasticsearch) -> None:
    lost = lifecycle.create(OrderDocument).name
    engine.indices.delete(index=lost)
    created = lifecycle.create(OrderDocument)
    assert created.created
    assert recorded_states() == {created.name: "live"}


def test_an_alias_that_was_taken_away_is_put_back(engine: Elasticsearch) -> None:
    name = lifecycle.create(OrderDocument).name
    engine.indices.delete_alias(index=name, name=ALIAS)
    lifecycle.create(OrderDocument)
    assert (aliased(engine), recorded_states()) == ([name], {name: "live"})


def test_the_states_follow_the_alias_after_a_restore(engine: Elasticsearch) -> None:
    """C4: the database was restored to before a swap: it takes A for live, the alias names B."""
    lifecycle.create(OrderDocument)
    old = Index.objects.get()
    engine.indices.create(index=f"{ALIAS}-9", **signed_body(OrderDocument))
    engine.indices.update_aliases(
        actions=[{"remove": {"index": old.name, "alias": ALIAS}}, {"add": {"index": f"{ALIAS}-9", "alias": ALIAS}}]
    )
    assert lifecycle.create(OrderDocument) == Creation(f"{ALIAS}-9", created=False, replaced=old.name)
    assert recorded_states() == {f"{ALIAS}-9": "live", old.name: "retired"}


def test_delete_removes_indices_alias_and_records_and_nothing_else(engine: Elasticsearch) -> None:
    name = lifecycle.create(OrderDocument).name
    engine.indices.create(index=f"{ALIAS}-elsewhere")
    standby = lifecycle.create_physical_index(OrderDocument)
    Index.objects.create(name=standby, alias=ALIAS, state=IndexState.STANDBY, fingerprint="f")
    Index.objects.create(name="other-1", alias="other", state=IndexState.LIVE, fingerprint="f")
    assert lifecycle.delete(ALIAS) == sorted([name, standby])
    assert list(Index.objects.values_list("name", flat=True)) == ["other-1"]
    assert list(engine.indices.get(index=f"{ALIAS}*")) == [f"{ALIAS}-elsewhere"]
    assert lifecycle.delete(ALIAS) == []


@pytest.mark.real
def test_no_write_makes_an_index_unasked(engine: Elasticsearch) -> None:
    """C8: a late push, also of a delete, to a retired index that is gone."""
    name = lifecycle.create(OrderDocument).name
    lifecycle.delete(ALIAS)
    actions: list[dict[str, Any]] = [
        {"index": {"_index": name, "_id": "1"}},
        {"a": 1},
        {"delete": {"_index": name, "_id": "1"}},
    ]
    answers = [next(iter(item.values())) for item in engine.bulk(operations=actions)["items"]]
    assert [answer["error"]["type"] for answer in answers] == ["index_not_found_exception"] * 2
    assert not engine.indices.exists(index=name)
