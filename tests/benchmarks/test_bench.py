"""The order of the turns, and the evaluation of targets round by round."""

from typing import Any

import pytest

from benchmarks.bench import Bench, Figure, Target, evaluate, rotated, run
from benchmarks.scale import QUICK
from tools.comparison import Difference


class Sleeping(Bench):
    """How long each    sleeps."""

    name = "sleeping"
    title = "Sleeping"
    contenders = ["cat", "dog", "ant"]
    targets = [
        Target("the dog at most half as long as the cat", Figure("dog", "hours_s"), Figure("cat", "hours_s"), 0.5)
    ]

    def prepare(self):
        self.turns = []

    def turn(self, contender, number):
        self.turns.append((number, contender))
        return {"hours_s": {"cat": 16.0, "dog": 12.0, "ant": 4.0}[contender] + number}

    def final_difference(self, contender):
        return Difference(1, 2, 3) if contender == "cat" else None

    def rows(self):
        return 7


@pytest.fixture
def bench():
    unused: Any = None
    return Sleeping(servers=unused, scale=QUICK.__class__(2, 1.0, 1, 1, 1, 1, 1), supervisor=unused)


def test_each_round_begins_with_another_contender():
    assert [rotated(["a", "b", "c"], number) for number in (-1, 0, 1, 2, 3)] == [
        ["c", "a", "b"],
        ["a", "b", "c"],
        ["b", "c", "a"],
        ["c", "a", "b"],
        ["a", "b", "c"],
    ]


def test_every_contender_has_one_turn_a_round_and_one_before_all(bench):
    run(bench)
    assert bench.turns == [
        *[(-1, "ant"), (-1, "cat"), (-1, "dog")],
        *[(0, "cat"), (0, "dog"), (0, "ant")],
        *[(1, "dog"), (1, "ant"), (1, "cat")],
    ]


def test_without_warming_up_there_is_no_turn_before(bench):
    bench.warm = False
    run(bench)
    assert [number for number, _ in bench.turns] == [0, 0, 0, 1, 1, 1]


def test_what_is_found_is_all_of_the_recorded_turns(bench, capsys):
    assert run(bench) == {
        "title": "Sleeping",
        "method": 1,
        "about": "How long each sleeps.",
        "rows": 7,
        "rounds": 2,
        "over": "",
        "contenders": {
            "cat": {
                "turns": [{"hours_s": 16.0}, {"hours_s": 17.0}],
                "wrong": {"missing": 1, "stale": 2, "orphaned": 3},
            },
            "dog": {"turns": [{"hours_s": 12.0}, {"hours_s": 13.0}], "wrong": None},
            "ant": {"turns": [{"hours_s": 4.0}, {"hours_s": 5.0}], "wrong": None},
        },
        "targets": [
            {
                "text": "the dog at most half as long as the cat",
                "figure": "hours_s",
                "limit": 0.5,
                "at_least": False,
                "is_ratio": True,
                "values": [12 / 16, 13 / 17],
            }
        ],
    }
    lines = capsys.readouterr().err.splitlines()
    assert (lines[0], lines[-1]) == (
        "  sleeping, round 0, ant: hours_s 3.00",
        "  sleeping: the dog at most half as long as the cat: 0.757 of 0.5, missed",
    )


def test_a_target_is_judged_by_the_ratios_of_each_round_less_its_allowance():
    turns = {"ours": [{"p50_ms": 15.0}, {"p50_ms": 25.0}], "raw": [{"p50_ms": 10.0}, {"p50_ms": 10.0}]}
    target = Target("1.3 x + 5 ms", Figure("ours", "p50_ms"), Figure("raw", "p50_ms"), 1.3, allowance=5.0)
    assert evaluate(target, turns)["values"] == [1.0, 2.0]


def test_a_target_of_its_own_is_no_ratio():
    turns = {"ours": [{"slowest_ms": 900.0}, {"slowest_ms": 1200.0}]}
    verdict = evaluate(Target("at most 1.5 s", Figure("ours", "slowest_ms"), None, 1500), turns)
    assert (verdict["values"], verdict["is_ratio"]) == ([900.0, 1200.0], False)
