"""A rebuild step by step: what a crash after each step leaves, and how the next command continues."""

from typing import Any

import pytest
from django.utils import timezone
from elasticsearch import Elasticsearch

from order_search.documents import OrderDocument
from orders.models import Order
from search.exceptions import (
    EngineRefused,
    FingerprintMismatch,
    NothingToResume,
    RebuildIncomplete,
    RebuildLost,
    RebuildRunning,
    WorkerDied,
)
from search.indices import aliases, lifecycle, lock, records
from search.indices.catalog import prune
from search.indices.swap import rollback, swap
from search.models import BackfillRange, Entry, Index
from search.push import bulk
from search.rebuild import rebuild, worker_pool
from search.rebuild.rebuild import Options
from tests.search.engine_help import make_orders, versions
from tests.support import assert_in_step

pytestmark = [pytest.mark.engine, pytest.mark.conformance, pytest.mark.django_db(transaction=True)]
ALIAS = aliases.alias_of(OrderDocument)
ROWS = 6


@pytest.fixture
def old(engine: Elasticsearch, settings: Any) -> str:
    """Return the live index, which is empty, with six orders without pending changes in the database."""
    settings.SEARCH_PUSH_TIMEOUT = 0.01  # how long the old index is kept for running requests
    name = lifecycle.create(OrderDocument).name
    make_orders(ROWS)
    Entry.objects.all().delete()
    return name


def crash_after(monkeypatch: pytest.MonkeyPatch, module: Any, step: str) -> None:
    """Let the next rebuild end right after this step, as if it were killed."""
    real = getattr(module, step)

    def stop(*arguments: Any, **options: Any) -> None:
        real(*arguments, **options)
        monkeypatch.setattr(module, step, real)
        raise KeyboardInterrupt

    monkeypatch.setattr(module, step, stop)


def crash(monkeypatch: pytest.MonkeyPatch, module: Any, step: str) -> None:
    crash_after(monkeypatch, module, step)
    with pytest.raises(KeyboardInterrupt):
        rebuild.rebuild(OrderDocument)


def expire_the_lock() -> None:
    """Let the owner's last heartbeat be too old."""
    Index.objects.exclude(owner="").update(heartbeat_at=timezone.now() - 2 * lock.OWNER_TIMEOUT)


def states() -> dict[str, str]:
    return dict(Index.objects.filter(alias=ALIAS).values_list("name", "state"))


def assert_live_alone(engine: Elasticsearch, name: str) -> None:
    """Assert that the only index is searched, recorded, complete and not locked."""
    assert aliases.alias_target(ALIAS) == name
    assert states() == {name: "live"}
    assert list(engine.indices.get(index=f"{ALIAS}*")) == [name]
    assert (Index.objects.get(name=name).owner, BackfillRange.objects.count()) == ("", 0)
    assert_in_step(name)


def test_a_rebuild_from_begin_to_end(engine: Elasticsearch, old: str) -> None:
    seen: list[tuple[int, int, int]] = []
    done = rebuild.rebuild(OrderDocument, options=Options(report=lambda *counts: seen.append(counts)))
    assert (done.indexed, done.replaced, done.standby) == (ROWS, old, False)
    assert seen[-1] == (ROWS, ROWS, 0)
    assert_live_alone(engine, done.name)


@pytest.mark.parametrize("step", ["begin", "fill", "verify"])
def test_a_crash_before_the_swap_leaves_the_old_index_and_is_resumed(
    engine: Elasticsearch, old: str, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    crash(monkeypatch, rebuild, step)
    assert aliases.alias_target(ALIAS) == old
    assert sorted(states().values()) == ["building", "live"]
    expire_the_lock()
    building = Index.objects.get(state="building").name
    done = rebuild.resume(OrderDocument)
    assert (done.name, done.indexed, done.replaced) == (building, ROWS, old)
    assert_live_alone(engine, building)


@pytest.mark.parametrize("again", [rebuild.resume, rebuild.rebuild])
def test_a_crash_between_swap_and_record_is_repaired_from_the_alias(
    engine: Elasticsearch, old: str, monkeypatch: pytest.MonkeyPatch, again: Any
) -> None:
    crash(monkeypatch, rebuild, "swap")
    swapped = aliases.alias_target(ALIAS)
    assert (states()[str(swapped)], states()[old]) == ("building", "live")
    Order.objects.update(customer_name="Changed")
    done = again(OrderDocument)
    assert aliases.alias_target(ALIAS) == done.name
    assert states()[done.name] == "live"
    assert (done.name == swapped) is (again is rebuild.resume)
    prune(OrderDocument)
    assert states() == {done.name: "live"}


def test_a_crash_after_the_record_leaves_only_what_prune_removes(
    engine: Elasticsearch, old: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    crash(monkeypatch, records, "record_live")
    with pytest.raises(NothingToResume):
        rebuild.resume(OrderDocument)
    assert states()[old] == "retired"
    assert prune(OrderDocument) == [old]
    [name] = states()
    assert_in_step(name)


def test_an_index_made_and_not_recorded_is_no_obstacle(
    engine: Elasticsearch, old: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    crash(monkeypatch, lifecycle, "create_physical_index")
    assert states() == {old: "live"}
    with pytest.raises(NothingToResume):
        rebuild.resume(OrderDocument)
    done = rebuild.rebuild(OrderDocument)
    assert states() == {done.name: "live"}
    assert_in_step(done.name)


def test_a_resumed_backfill_sends_only_what_was_not_confirmed(
    engine: Elasticsearch, old: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[int] = []
    send = bulk.post_bulk

    def counted(operations: Any, *arguments: Any) -> Any:
        if len(sent) == 2:
            sent.append(0)
            raise KeyboardInterrupt
        sent.append(len(operations))
        return send(operations, *arguments)

    monkeypatch.setattr(bulk, "post_bulk", counted)
    with pytest.raises(KeyboardInterrupt):
        rebuild.rebuild(OrderDocument, options=Options(batch_size=2))
    keys = [str(pk) for pk in Order.objects.order_by("pk").values_list("pk", flat=True)]
    part = BackfillRange.objects.get()
    assert (part.reached, part.indexed, part.done) == (keys[3], 4, False)
    done = rebuild.resume(OrderDocument, options=Options(batch_size=5))
    assert (sent, done.indexed) == ([2, 2, 0, 2], ROWS)
    assert_live_alone(engine, done.name)


def test_an_abandoned_index_is_deleted_by_the_next_rebuild(
    engine: Elasticsearch, old: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    crash(monkeypatch, rebuild, "fill")
    assert_live_alone(engine, rebuild.rebuild(OrderDocument).name)


def test_one_whose_owner_is_alive_is_left_alone(
    engine: Elasticsearch, old: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    crash(monkeypatch, rebuild, "begin")  # its owner is this process, with a recent heartbeat
    for action in (rebuild.rebuild, rebuild.resume):
        with pytest.raises(RebuildRunning, match=f"{ALIAS}, by .* process "):
            action(OrderDocument)
    assert sorted(states().values()) == ["building", "live"]


def test_of_two_that_begin_at_once_one_gives_way(engine: Elasticsearch, old: str) -> None:
    first = rebuild.begin(OrderDocument, "default")
    with pytest.raises(RebuildRunning):
        rebuild.begin(OrderDocument, "default")
    assert set(engine.indices.get(index=f"{ALIAS}*")) == {old, first.name}


def test_an_owner_that_lost_the_rebuild_does_not_swap(
    engine: Elasticsearch, old: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def taken_over(*arguments: Any) -> None:
        Index.objects.filter(state="building").update(owner="another")

    monkeypatch.setattr(rebuild, "verify", taken_over)
    with pytest.raises(RebuildLost):
        rebuild.rebuild(OrderDocument)
    assert (aliases.alias_target(ALIAS), Index.objects.get(state="building").owner) == (old, "another")


def test_the_swap_is_refused_when_the_alias_has_moved(
    engine: Elasticsearch, old: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = lifecycle.create_physical_index(OrderDocument)

    def late(alias: str, expected: str, new: str) -> None:
        engine.indices.update_aliases(
            actions=[{"remove": {"index": old, "alias": ALIAS}}, {"add": {"index": other, "alias": ALIAS}}]
        )
        swap(alias, expected, new)

    monkeypatch.setattr(rebuild, "swap", late)
    with pytest.raises(EngineRefused):
        rebuild.rebuild(OrderDocument)
    assert aliases.alias_target(ALIAS) == other
    assert sorted(states().values()) == ["building", "live"]


def test_refused_documents_are_named_and_nothing_is_swapped(
    engine: Elasticsearch, old: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_wrong = rebuild.begin

    def begin(*arguments: Any) -> Index:
        index = make_wrong(*arguments)
        engine.indices.delete(index=index.name)
        engine.indices.create(index=index.name, mappings={"properties": {"customer_name": {"type": "date"}}})
        return index

    monkeypatch.setattr(rebuild, "begin", begin)
    with pytest.raises(RebuildIncomplete, match=rf"\({ROWS} refused: orders.Order:\d+ document_parsing_exception"):
        rebuild.rebuild(OrderDocument)
    assert_left_alone(engine, old)


def test_a_document_that_is_deleted_during_the_rebuild_stops_the_swap(
    engine: Elasticsearch, old: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost, verify = str(Order.objects.latest("pk").pk), rebuild.verify

    def verify_later(document: Any, index: Index, *arguments: Any) -> None:
        engine.delete(index=index.name, id=lost)
        verify(document, index, *arguments)

    monkeypatch.setattr(rebuild, "verify", verify_later)
    with pytest.raises(RebuildIncomplete, match=rf"\(1 differ: {lost} missing\)"):
        rebuild.rebuild(OrderDocument)
    assert_left_alone(engine, old)


def assert_left_alone(engine: Elasticsearch, old: str) -> None:
    """Assert that the new index is deleted and the old one unchanged."""
    assert (aliases.alias_target(ALIAS), states()) == (old, {old: "live"})
    assert list(engine.indices.get(index=f"{ALIAS}*")) == [old]


def test_other_code_does_not_resume(engine: Elasticsearch, old: str, monkeypatch: pytest.MonkeyPatch) -> None:
    crash(monkeypatch, rebuild, "fill")
    Index.objects.filter(state="building").update(fingerprint="other")
    with pytest.raises(FingerprintMismatch):
        rebuild.resume(OrderDocument)
    assert aliases.alias_target(ALIAS) == old


def test_an_index_that_does_not_exist_in_elasticsearch_is_not_resumed(
    engine: Elasticsearch, old: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    crash(monkeypatch, rebuild, "fill")
    engine.indices.delete(index=Index.objects.get(state="building").name)
    with pytest.raises(NothingToResume):
        rebuild.resume(OrderDocument)
    assert_live_alone(engine, rebuild.rebuild(OrderDocument).name)


def test_a_standby_index_is_written_and_a_rollback_loses_nothing(
    engine: Elasticsearch, old: str, settings: Any
) -> None:
    rebuild.rebuild(OrderDocument)  # so that the standby index is complete
    [first] = states()
    done = rebuild.rebuild(OrderDocument, options=Options(standby=True))
    assert (done.replaced, done.standby, states()) == (first, True, {first: "standby", done.name: "live"})
    settings.SEARCH_PUSH_TIMEOUT = 30.0  # each write waits for its push
    Order.objects.order_by("pk")[0].delete()
    Order.objects.create(order_number="after", customer_name="The swap", total_amount=1)
    assert rollback(ALIAS) == (first, done.name)
    assert aliases.alias_target(ALIAS) == first
    assert_in_step(first)
    assert versions(engine, first) == versions(engine, done.name)


@pytest.mark.real  # the embedded engine keeps no such settings
def test_no_refresh_and_no_replica_while_building_and_its_own_before_the_swap(
    engine: Elasticsearch, old: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Any] = []

    def record_settings(name: str) -> None:
        settings = engine.indices.get_settings(index=name)[name]["settings"]["index"]
        seen.append((settings.get("refresh_interval"), settings["number_of_replicas"]))

    fill = rebuild.fill
    monkeypatch.setattr(rebuild, "fill", lambda *all_: record_settings(all_[1].name) or fill(*all_))
    monkeypatch.setattr(rebuild, "swap", lambda *all_: record_settings(all_[2]) or swap(*all_))
    rebuild.rebuild(OrderDocument)
    assert seen == [("-1", "0"), ("1s", "0")]


def test_a_workers_death_is_an_error_and_leaves_the_rebuild_to_be_resumed(
    engine: Elasticsearch, old: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*arguments: Any) -> None:
        raise WorkerDied

    monkeypatch.setattr(worker_pool, "fill_range", die)
    with pytest.raises(WorkerDied):
        rebuild.rebuild(OrderDocument)
    monkeypatch.undo()
    assert rebuild.resume(OrderDocument).indexed == ROWS


class TestTheOldIndex:
    """It is kept while a push may still write to it."""

    def test_is_not_kept_without_pending_changes(self, old: str, settings: Any) -> None:
        settings.SEARCH_PUSH_TIMEOUT = 60.0
        slept: list[float] = []
        rebuild.wait_for_inflight_pushes("default", sleep=slept.append)
        assert slept == []

    def test_until_pending_changes_are_confirmed(self, old: str, settings: Any) -> None:
        settings.SEARCH_PUSH, settings.SEARCH_PUSH_TIMEOUT = "off", 60.0
        Order.objects.update(note="pending")
        slept: list[float] = []

        def sleep(seconds: float) -> None:
            slept.append(seconds)
            Entry.objects.all().delete()

        rebuild.wait_for_inflight_pushes("default", sleep=sleep)
        assert slept == [rebuild.POLL_INTERVAL]

    def test_at_most_as_long_as_a_push_may_take(self, old: str, settings: Any) -> None:
        settings.SEARCH_PUSH, settings.SEARCH_PUSH_TIMEOUT = "off", 0.2
        Order.objects.update(note="pending")
        now = 0.0

        def sleep(seconds: float) -> None:
            nonlocal now
            now += seconds

        rebuild.wait_for_inflight_pushes("default", clock=lambda: now, sleep=sleep)
        assert (now >= 0.2, Entry.objects.exists()) == (True, True)
