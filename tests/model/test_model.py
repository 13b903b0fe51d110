"""The protocol, explored exhaustively: its invariants hold, and each of its rules is necessary."""

from dataclasses import fields

import pytest

from tests.model.explore import Counterexample, explore
from tests.model.mutations import MUTATIONS
from tests.model.rules import Rules
from tests.model.worlds import LARGE, SMALL

pytestmark = pytest.mark.anywhere

# Those that walk more than a few hundred states before they meet their counterexample.
SLOW = {"no floor", "a 409 is done", "a 409 only waits", "the second is decided at confirmation"}


@pytest.mark.parametrize("name", SMALL)
def test_every_small_world_ends_with_the_index_equal_to_the_database(name):
    assert explore(Rules(), SMALL[name]) > 500


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", LARGE)
def test_every_large_world_ends_with_the_index_equal_to_the_database(name):
    assert explore(Rules(), LARGE[name]) > 5_000


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow if name in SLOW else ()) for name in MUTATIONS]
)
def test_a_broken_rule_has_a_counterexample(name):
    mutation = MUTATIONS[name]
    with pytest.raises(Counterexample) as found:
        explore(mutation.rules, mutation.size)
    print(f"{name}:\n{found.value}")
    assert found.value.broken.partition(mutation.breaks)[1] == mutation.breaks
    assert found.value.trace


def test_each_rule_is_broken_by_some_mutation():
    own = Rules()
    broken = {
        field.name
        for mutation in MUTATIONS.values()
        for field in fields(Rules)
        if getattr(mutation.rules, field.name) != getattr(own, field.name)
    }
    assert broken == {field.name for field in fields(Rules)}


@pytest.mark.slow
@pytest.mark.parametrize("size", dict.fromkeys(mutation.size for mutation in MUTATIONS.values()), ids=str)
def test_it_is_the_broken_rule_that_breaks_a_mutation_s_world(size):
    assert explore(Rules(), size) > 0


def test_a_trace_names_each_step():
    mutation = MUTATIONS["deletes confirmed once"]
    with pytest.raises(Counterexample) as found:
        explore(mutation.rules, mutation.size)
    assert (
        str(found.value)
        == """\
all is quiet, and A holds Row(version=11, content=2) where the database holds None
  1 change 2, update of 0 at version 11,
  2 a request's push reads ert: write of 0 at 11 to A
  3 change 3, delete of 0 at version 12,
  4 a request's push reads ert: delete of 0 at 12 to A
  5 the delete of 0 at version 12 arrives at A: done
  6 a push ends: delete of 0 at 12
  7 the engine restarts and forgets its deletes
  8 the write of 0 at version 11 arrives at A: done
  9 a push ends: write of 0 at 11"""
    )


@pytest.mark.slow
def test_one_snapshot_is_not_needed_while_entries_are_read_before_rows_and_rows_before_targets():
    rules = Rules(reads=("e", "r", "t"))
    assert explore(rules, SMALL["two writes, two pushes"]) > 500
    assert explore(rules, SMALL["a rebuild and one write"]) > 500
