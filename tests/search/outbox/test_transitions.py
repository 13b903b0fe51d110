"""The outbox's transitions: what each changes, and that an entry with a newer change stays as it is."""

import threading
from datetime import timedelta
from functools import partial

import pytest
from django.db import connection, transaction

from search.models import Entry, VersionFloor
from search.outbox import transitions
from search.outbox.outcomes import Outcome
from search.outbox.statements import load_statements
from tests.search.outbox_help import age, change, make, pushed, row, seconds_until
from tests.shop.models import Item
from tests.support import in_threads

pytestmark = pytest.mark.django_db(transaction=True)
OUTCOMES = [outcome for outcome in Outcome if outcome not in (Outcome.SETTLING, Outcome.DEAD)]


@pytest.fixture(autouse=True)
def _no_other_pushes(settings):
    settings.SEARCH_PUSH = "off"


def claim(**values):
    return transitions.claim("default", **{"limit": 100} | values)


def apply(*results):
    transitions.apply_results(results, "default")


def delete(key):
    """Delete the key's row, which leaves a delete entry a minute old."""
    Item.objects.get(pk=key.partition(":")[2]).delete()
    age(key, 60)
    return key


class TestClaim:
    def test_the_oldest_come_first_up_to_the_limit(self):
        keys = make(4)
        assert set(claim(limit=3)) == set(keys[:3])
        assert claim(limit=3) == keys[3:]

    def test_a_lease_keeps_others_away_until_it_ends(self, settings):
        settings.SEARCH_RELAY_LEASE = 30
        [key] = make()
        assert claim() == [key]
        assert 20 < seconds_until(row(key)["leased_until"]) <= 30
        assert claim() == []
        settings.SEARCH_RELAY_LEASE = -1  # as if it had ended a second ago
        Entry.objects.update(leased_until=None)
        assert claim() == [key]
        assert claim() == [key]

    def test_what_changed_lately_is_left_to_its_request(self):
        young, old = make(2)
        age(young, 1)
        assert claim(older=30) == [old]
        assert claim(older=0) == [young]

    def test_what_is_not_due_waits(self):
        keys = make(2)
        age(keys[0], -60)
        assert claim() == keys[1:]

    def test_a_quick_look_sees_only_what_became_due_lately(self):
        old, young = make(2)
        age(young, 5)
        assert claim(within=30) == [young]
        assert claim() == [old]

    def test_a_new_change_ends_the_lease(self):
        [key] = make()
        claim()
        change(key)
        assert claim() == [key]

    def test_a_settling_delete_is_claimed_when_it_is_due_and_a_dead_letter_never(self):
        settling, waiting, dead = make(3)
        Entry.objects.filter(key__in=[settling, waiting]).update(state="settling")
        Entry.objects.filter(key=dead).update(state="dead")
        age(waiting, -60)
        assert claim() == [settling]

    @pytest.mark.postgres
    def test_claimers_side_by_side_never_get_the_same_entry(self):
        keys = make(120)
        start = threading.Barrier(4)

        def work():
            found = []
            start.wait()
            while more := claim(limit=7):
                found += more
            return found

        found = [key for part in in_threads(work, work, work, work) for key in part]
        assert sorted(found) == sorted(keys)

    @pytest.mark.postgres
    @pytest.mark.parametrize("analyzed", ["empty", "full"])
    def test_the_partial_index_bounds_and_orders_it(self, analyzed):
        values = {"limit": 500, "older": 0, "within": transitions.ANY_AGE, "lease": 1}
        [plan] = in_threads(lambda: explain("claim", values, analyzed))
        assert "Index Scan using search_outbox_due" in plan
        assert "Index Cond: ((retry_at <= statement_timestamp())" in plan
        assert "Sort" not in plan

    @pytest.mark.postgres
    def test_a_plan_made_for_an_empty_outbox_is_right_for_a_full_one(self):
        """Joined to a full outbox row by row, 500 entries would be compared with each of it."""
        entries = {"key": ["shop.Item:1"] * 500, "token": ["0" * 32] * 500}
        settle = entries | {"grace_period": 1}
        for name, values in (("confirm", entries), ("settle", settle), ("delete_settled", entries)):
            [plan] = in_threads(partial(explain, name, values, "empty"))
            assert "Join Filter" not in plan, plan
            assert "Index Cond: ((key)::text = result.key)" in plan, plan


def explain(name, values, analyzed):
    """Return the plan of a statement on 20,000 entries, with statistics from before or after their insert."""
    transitions.connect("default")
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM search_outbox")
        if analyzed == "empty":
            cursor.execute("ANALYZE search_outbox")
        cursor.execute(
            "INSERT INTO search_outbox (key, version, deleted, token, state, first_changed_at, changed_at, retry_at, "
            "attempts, last_error) SELECT 'shop.Item:' || i, 1, false, gen_random_uuid(), 'pending', now(), now(), "
            "now() - i * interval '1 ms', 0, '' FROM generate_series(1, 20000) i"
        )
        if analyzed == "full":
            cursor.execute("ANALYZE search_outbox")
        cursor.execute("EXPLAIN " + load_statements("outbox_postgresql.sql")[name], values)
        return "\n".join(line for (line,) in cursor.fetchall())


class TestApplyResults:
    def test_what_is_done_is_removed(self):
        one, other = make(2)
        apply(pushed(one))
        assert list(Entry.objects.values_list("key", flat=True)) == [other]

    @pytest.mark.parametrize("deleted", [False, True])
    @pytest.mark.parametrize("outcome", OUTCOMES)
    def test_an_entry_with_a_newer_change_stays_as_it_is(self, outcome, deleted):
        [key] = make()
        claim()
        result = pushed(key, outcome, deleted=deleted)
        change(key)
        before = row(key)
        apply(result)
        assert row(key) == before

    @pytest.mark.parametrize("outcome", [Outcome.SETTLING, Outcome.DEAD])
    def test_what_was_not_sent_does_not_move(self, outcome):
        [key] = make()
        before = row(key)
        apply(pushed(key, outcome))
        assert row(key) == before

    def test_a_delete_that_is_done_settles_first(self, settings):
        settings.SEARCH_DELETE_GRACE_PERIOD = 40.0
        key = delete(*make())
        claim()
        apply(pushed(key, deleted=True))
        found = row(key)
        assert (found["state"], found["attempts"], found["leased_until"]) == ("settling", 0, None)
        assert 35 < seconds_until(found["retry_at"]) <= 40
        assert -5 < seconds_until(found["settled_at"]) <= 0
        assert claim() == []

    def test_two_pushes_of_the_first_delete_are_not_two_confirmations(self):
        """Both read the entry before either had settled it."""
        key = delete(*make())
        first, second = pushed(key, deleted=True), pushed(key, deleted=True)
        apply(first)
        before = row(key)
        apply(second)
        assert row(key) == before

    def test_a_delete_confirmed_twice_is_forgotten_and_raises_the_floor(self):
        key = delete(*make())
        apply(pushed(key, deleted=True))
        version = row(key)["version"]
        apply(pushed(key, deleted=True))
        assert not Entry.objects.filter(key=key).exists()
        assert list(VersionFloor.objects.values_list("model", "version")) == [("shop.Item", version)]

    def test_the_floor_never_sinks(self):
        key = delete(*make())
        VersionFloor.objects.create(model="shop.Item", version=2**60)
        apply(pushed(key, deleted=True))
        apply(pushed(key, deleted=True))
        assert VersionFloor.objects.get().version == 2**60

    def test_several_deletes_raise_each_model_s_floor_to_the_highest(self):
        keys = [delete(key) for key in make(3)]
        apply(*[pushed(key, deleted=True) for key in keys])
        highest = max(Entry.objects.values_list("version", flat=True))
        apply(*[pushed(key, deleted=True) for key in keys])
        assert (Entry.objects.count(), VersionFloor.objects.get().version) == (0, highest)

    @pytest.mark.parametrize("outcome", [Outcome.RETRY, Outcome.BLOCKED])
    def test_what_may_pass_is_tried_later_and_an_attempt_counted(self, outcome, monkeypatch):
        monkeypatch.setattr(transitions, "retry_delay", lambda attempts: timedelta(seconds=100 * attempts))
        [key] = make()
        Entry.objects.update(attempts=1)
        claim()
        apply(pushed(key, outcome, error="why"))
        found = row(key)
        assert (found["state"], found["attempts"], found["last_error"]) == ("pending", 2, "why")
        assert found["leased_until"] is None
        assert 190 < seconds_until(found["retry_at"]) <= 200

    def test_an_engine_that_is_away_costs_no_attempt_and_no_wait(self):
        [key] = make()
        claim()
        apply(pushed(key, Outcome.UNREACHABLE, error="ConnectionTimeout"))
        found = row(key)
        assert (found["state"], found["attempts"], found["leased_until"]) == ("pending", 0, None)
        assert claim() == [key]

    def test_a_request_s_push_that_was_not_answered_writes_nothing(self, django_assert_num_queries):
        """Else each request would write while the engine is away."""
        [key] = make()
        result = pushed(key, Outcome.UNREACHABLE, error="ConnectionTimeout")
        with django_assert_num_queries(0):
            apply(result)

    def test_what_is_refused_is_a_dead_letter_until_its_row_changes(self, caplog):
        [key] = make()
        claim()
        apply(pushed(key, Outcome.REFUSED, error="document_parsing_exception: name"))
        found = row(key)
        assert (found["state"], found["attempts"], found["leased_until"]) == ("dead", 1, None)
        assert found["last_error"] == "document_parsing_exception: name"
        assert [r.getMessage() for r in caplog.records] == [f"dead letter {key}: document_parsing_exception: name"]
        change(key)
        assert (row(key)["state"], row(key)["attempts"], row(key)["last_error"]) == ("pending", 0, "")

    def test_a_row_that_an_index_is_ahead_of_is_raised_above_it(self):
        [key] = make()
        before = row(key)
        apply(pushed(key, Outcome.VERSION_CONFLICT, version=2**52))
        assert Item.objects.get().version == row(key)["version"] == 2**52 + 1
        assert row(key)["token"] != before["token"]

    def test_a_delete_that_an_index_is_ahead_of_is_raised_above_it(self):
        key = delete(*make())
        apply(pushed(key, deleted=True))
        before = row(key)
        apply(pushed(key, Outcome.VERSION_CONFLICT, deleted=True, version=2**52))
        found = row(key)
        assert (found["version"], found["deleted"], found["state"]) == (2**52 + 1, True, "pending")
        assert found["token"] != before["token"]
        assert (found["settled_at"], found["leased_until"]) == (None, None)

    def test_a_floor_is_above_what_a_delete_was_raised_to(self):
        key = delete(*make())
        apply(pushed(key, Outcome.VERSION_CONFLICT, deleted=True, version=2**52))
        apply(pushed(key, deleted=True))
        apply(pushed(key, deleted=True))
        item = Item(pk=key.partition(":")[2], name="again")
        item.save(force_insert=True)
        item.refresh_from_db()
        assert item.version > 2**52 + 1


@pytest.mark.postgres
class TestNobodyWaits:
    """Locks: a claim or a confirmation that is held open never blocks a writer, nor the other way round."""

    def test_a_held_writer_keeps_its_entry_and_no_transition_waits(self):
        held, free = make(2)
        results = [pushed(held), pushed(free)]

        def work():
            return claim(), apply(*results)

        with transaction.atomic():
            change(held)
            [(claimed, _)] = in_threads(work)
        assert claimed == [free]
        assert list(Entry.objects.values_list("key", flat=True)) == [held]

    def test_two_that_confirm_the_same_in_opposite_order_do_not_deadlock(self):
        keys = make(20)
        results = [pushed(key) for key in keys]
        in_threads(lambda: apply(*results), lambda: apply(*results[::-1]))
        assert Entry.objects.count() == 0

    def test_a_raise_gives_way_to_a_writer_and_the_others_are_confirmed_before_it(self, caplog):
        held, free = make(2)
        results = [pushed(held, Outcome.VERSION_CONFLICT, version=2**52), pushed(free)]

        def work():
            transitions.connect("default")
            apply(*results)

        with transaction.atomic():
            Item.objects.filter(pk=held.partition(":")[2]).update(name="held")
            in_threads(work)
            transaction.set_rollback(True)
        assert list(Entry.objects.values_list("key", "token")) == [(held, results[0].entry.token)]
        apply(pushed(held, Outcome.VERSION_CONFLICT, version=2**52))
        assert row(held)["version"] == 2**52 + 1


@pytest.mark.postgres
def test_the_pushers_connection_is_tuned_also_after_it_was_lost():
    def work():
        found = []
        for _ in range(2):
            transitions.connect("default")
            with connection.cursor() as cursor:
                for name in ("synchronous_commit", "lock_timeout", "enable_bitmapscan", "enable_seqscan", "jit"):
                    cursor.execute(f"SHOW {name}")
                    found.append(cursor.fetchone()[0])
            connection.close()
        return found

    assert in_threads(work) == [["off", "1s", "off", "off", "off"] * 2]
