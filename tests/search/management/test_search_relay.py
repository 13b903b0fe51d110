"""`manage.py search_relay`: what a drain says, its exit code, and arguments that say nothing."""

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
    """The command takes the signals over; the tests' process gets them back."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.engine
@pytest.mark.conformance
class TestDrain:
    """With an engine, or one that is away."""

    def test_nothing_to_do(self, indices):
        assert run("search_relay", "--drain") == Ran(0, "pushed 0, waiting 0, settling 0, dead 0\n")

    def test_all_is_pushed(self, indices):
        make_orders(3)
        assert run("search_relay", "--drain") == Ran(0, "pushed 3, waiting 0, settling 0, dead 0\n")
        assert_in_step()

    def test_in_batches(self, indices, monkeypatch):
        sizes, really = [], Relay._push_batch
        monkeypatch.setattr(
            Relay, "_push_batch", lambda self, keys, *rest: sizes.append(len(keys)) or really(self, keys, *rest)
        )
        make_orders(5)
        ran = run("search_relay", "--drain", "--batch-size", "2")
        assert ran == Ran(0, "pushed 5, waiting 0, settling 0, dead 0\n")
        assert sizes == [2, 2, 1, 0]

    def test_deletes_settle(self, indices):
        make_orders(2)
        run("search_relay", "--drain")
        Order.objects.all()._raw_delete("default")
        assert run("search_relay", "--drain") == Ran(0, "pushed 2, waiting 0, settling 2, dead 0\n")

    def test_dead_letters_are_counted_and_hold_up_nobody(self, refusing):
        Item.objects.bulk_create([Item(name="no date"), Item(name="2026-01-01")])
        assert run("search_relay", "--drain") == Ran(0, "pushed 1, waiting 0, settling 0, dead 1\n")

    def test_what_still_waits_is_exit_code_1_and_says_why(self, indices, engine_away):
        make_orders(2)
        engine_away()
        assert run("search_relay", "--drain") == Ran(
            1,
            "pushed 0, waiting 2, settling 0, dead 0\n",
            "CommandError: 2 still wait (ConnectionError); run it again when the engine answers.\n",
        )
        assert set(Entry.objects.values_list("state", "attempts")) == {("pending", 0)}

    def test_what_is_not_due_yet_waits_too(self, indices):
        make_orders(1)
        Entry.objects.update(retry_at=timezone.now() + timedelta(hours=1))
        assert run("search_relay", "--drain") == Ran(
            1,
            "pushed 0, waiting 1, settling 0, dead 0\n",
            "CommandError: 1 still wait; run it again when the engine answers.\n",
        )

    def test_without_an_index(self, engine, transactional_db):
        make_orders(1)
        assert run("search_relay", "--drain") == Ran(
            1,
            "pushed 0, waiting 1, settling 0, dead 0\n",
            "CommandError: 1 still wait (no live index); run it again when the engine answers.\n",
        )

    def test_a_drain_pushes_also_where_requests_do_not(self, indices, settings):
        settings.SEARCH_PUSH = "off"
        make_orders(1)
        assert run("search_relay", "--drain") == Ran(0, "pushed 1, waiting 0, settling 0, dead 0\n")


class TestArguments:
    """They reach the relay, or are one line."""

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
    def test_arguments_that_say_nothing(self, transactional_db, arguments, problem):
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
    """The first one stops politely, the second one at once."""

    @pytest.mark.parametrize("first", [signal.SIGTERM, signal.SIGINT])
    @pytest.mark.parametrize("second", [signal.SIGTERM, signal.SIGINT])
    def test_twice(self, first, second):
        relay = Relay()
        search_relay.stop_politely(relay)
        signal.raise_signal(first)
        assert relay._stop_request.is_set()
        with pytest.raises(SystemExit) as ended:
            signal.raise_signal(second)
        assert ended.value.code == 1

    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
    def test_a_second_that_comes_as_soon_as_it_is_promised_ends_too(self, monkeypatch, number):
        """It was taken for another first one, and the relay waited for its batches."""
        search_relay.stop_politely(Relay())
        monkeypatch.setattr(search_relay.os, "write", lambda *_: signal.raise_signal(number))
        with pytest.raises(SystemExit) as ended:
            signal.raise_signal(number)
        assert ended.value.code == 1
