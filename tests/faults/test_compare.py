"""Missing, stale and orphaned documents are distinguished."""

from tests.faults.compare import Difference, compare


def test_equal() -> None:
    documents = {"1": (5, {"a": 1}), "2": (6, {"a": 2})}
    assert compare(documents, dict(documents)) == Difference()
    assert not Difference()


def test_every_kind_of_difference() -> None:
    index = {"1": (5, {"a": 1, "b": 1}), "2": (5, {"a": 1}), "3": (5, {"a": 1}), "4": (5, {})}
    database = {"1": (5, {"a": 2, "b": 1}), "2": (6, {"a": 1}), "4": (5, {}), "5": (5, {})}
    difference = compare(index, database)
    assert difference == Difference(missing=["5"], stale={"1": ["a"], "2": ["_version"]}, orphaned=["3"])
    assert difference
