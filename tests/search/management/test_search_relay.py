"""`manage.py search_relay`: the report and exit code of a drain, arguments and signals."""

import os
import signal
from datetime import timedelta

import pytest
from django.utils import timezone

from orders.models import Order
from search.management.commands import search_relay
from search.models import Entry
from search.push.relay import Relay
from tests.search.engine_help import make_orders
from tests.search.management.running import Ran, fault, run
from tests.shop.models import Item
from tests.support import assert_in_step


@pytest.fixture(autouse=True)
def _own_signals():
    """Restore the signal handlers of the test process, which the command replaces."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.engine
@pytest.mark.conformance
class TestDrain:
    """--drain, with an available or unavailable engine."""

    def test_nothing_to_do(self, indices):
        assert run("search_relay", "--drain") == Ran(0, "pushed 0, pending 0, settling 0, dead 0\n")

    def test_all_is_pushed(self, indices):
        make_orders(3)
        assert run("search_relay", "--drain") == Ran(0, "pushed 3, pending 0, settling 0, dead 0\n")
        assert_in_step()

    def test_in_batches(self, indices, monkeypatch):
        sizes, really = [], Relay._push_batch
        monkeypatch.setattr(
            Relay, "_push_batch", lambda self, keys, *rest: sizes.append(len(keys)) or really(self, keys, *rest)
        )
        make_orders(5)
        ran = run("search_relay", "--drain", "--batch-size", "2")
        assert ran == Ran(0, "pushed 5, pending 0, settling 0, dead 0\n")
        assert sizes == [2, 2, 1, 0]

    def test_deletes_settle(self, indices):
        make_orders(2)
        run("search_relay", "--drain")
        Order.objects.all()._raw_delete("default")
        assert run("search_relay", "--drain") == Ran(0, "pushed 2, pending 0, settling 2, dead 0\n")

    def test_dead_letters_are_counted_and_block_no_other_entry(self, refusing):
        Item.objects.bulk_create([Item(name="no date"), Item(name="2026-01-01")])
        assert run("search_relay", "--drain") == Ran(0, "pushed 1, pending 0, settling 0, dead 1\n")

    def test_pending_entries_are_exit_code_1_with_the_cause(self, indices, engine_away):
        make_orders(2)
        engine_away()
        assert run("search_relay", "--drain") == Ran(
            1,
            "pushed 0, pending 2, settling 0, dead 0\n",
            "CommandError: 2 still pending (ConnectionError). Run the command again when Elasticsearch answers.\n",
        )
        assert set(Entry.objects.values_list("state", "attempts")) == {("pending", 0)}

    def test_an_entry_that_is_not_due_is_pending_too(self, indices):
        make_orders(1)
        Entry.objects.update(retry_at=timezone.now() + timedelta(hours=1))
        assert run("search_relay", "--drain") == Ran(
            1,
            "pushed 0, pending 1, settling 0, dead 0\n",
            "CommandError: 1 still pending. Run the command again when Elasticsearch answers.\n",
        )

    def test_without_an_index(self, engine, transactional_db):
        make_orders(1)
        assert run("search_relay", "--drain") == Ran(
            1,
            "pushed 0, pending 1, settling 0, dead 0\n",
            "CommandError: 1 still pending (no live index). Run the command again when Elasticsearch answers.\n",
        )

    def test_a_drain_pushes_also_where_requests_do_not(self, indices, settings):
        settings.SEARCH_PUSH = "off"
        make_orders(1)
        assert run("search_relay", "--drain") == Ran(0, "pushed 1, pending 0, settling 0, dead 0\n")


class TestArguments:
    """Arguments reach the relay, or are refused in one line."""

    @pytest.mark.parametrize(
        ("arguments", "problem"),
        [
            (["--batch-size", "0"], "argument --batch-size: '0' is not a whole number of at least 1"),
            (["--batch-size", "-5"], "argument --batch-size: '-5' is not a whole number of at least 1"),
            (["--batch-size", "1.5"], "argument --batch-size: '1.5' is not a whole number of at least 1"),
            (["--batch-size", "many"], "argument --batch-size: 'many' is not a whole number of at least 1"),
            (["--batch-size"], "argument --batch-size: expected one argument"),
            (["--poll", "0"], "argument --poll: '0' is not a number above 0"),
            (["--poll", "nan"], "argument --poll: 'nan' is not a number above 0"),
            (["--poll", "often"], "argument --poll: 'often' is not a number above 0"),
            (["--drain", "now"], "unrecognized arguments: now"),
        ],
    )
    def test_invalid_arguments(self, transactional_db, arguments, problem):
        assert run("search_relay", *arguments) == fault(problem)

    @pytest.mark.parametrize(
        ("arguments", "expected"),
        [
            ([], (1000, 0.25)),
            (["--batch-size", "7"], (7, 0.25)),
            (["--poll", "0.5"], (1000, 0.5)),
            (["--poll", "2", "--batch-size", "1"], (1, 2.0)),
        ],
    )
    def test_they_reach_the_relay(self, transactional_db, monkeypatch, arguments, expected):
        ran = []
        monkeypatch.setattr(Relay, "run", lambda self: ran.append((self.batch_size, self.poll)))
        assert run("search_relay", *arguments) == Ran(0, "")
        assert ran == [expected]


class TestSignals:
    """The first signal stops after the batch, the second at once."""

    @pytest.mark.parametrize("first", [signal.SIGTERM, signal.SIGINT])
    @pytest.mark.parametrize("second", [signal.SIGTERM, signal.SIGINT])
    def test_twice(self, first, second):
        relay = Relay()
        search_relay.stop_on_signals(relay)
        signal.raise_signal(first)
        assert relay._stop_request.is_set()
        with pytest.raises(SystemExit) as ended:
            signal.raise_signal(second)
        assert ended.value.code == 1

    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
    def test_a_second_signal_right_after_the_message_stops_too(self, monkeypatch, number):
        """It was once handled like another first signal, and the relay finished its batches."""
        search_relay.stop_on_signals(Relay())
        monkeypatch.setattr(os, "write", lambda *_: signal.raise_signal(number))
        with pytest.raises(SystemExit) as ended:
            signal.raise_signal(number)
        assert ended.value.code == 1
