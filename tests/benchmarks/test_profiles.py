"""The profiles that are kept are of what the page says, and tell nothing of the machine's folders."""

import re

import pytest

from benchmarks import profiles
from benchmarks.benches import ALL
from benchmarks.profile_target import TARGETS

HEAD = re.compile(
    r"(\w+): 20\d\d-\d\d-\d\dT[\d:+]+, code \w+, .+\n"
    r"[\d,]+ orders, [\d,]+ µs each, of which this process computed [\d,]+\n"
)


def test_every_profile_explains_benchmarks_that_there_are():
    assert list(profiles.EXPLAINED_BENCHES) == list(TARGETS)
    explained = [name for benches in profiles.EXPLAINED_BENCHES.values() for name in benches]
    assert set(explained) < {bench.name for bench in ALL}
    assert [profiles.profile_of(name) for name in ("create_16", "relay", "search")] == ["push", "relay", ""]


@pytest.mark.parametrize("name", profiles.EXPLAINED_BENCHES)
def test_it_is_of_our_own_calls_and_of_no_folder(name):
    text = (profiles.FOLDER / f"{name}.txt").read_text()
    head = HEAD.match(text)
    assert head, text[:200]
    assert head[1] == name
    assert re.search(r"\d\.\d% \w+  search/sync/\w+\.py:\d+", text)
    assert not re.search(r"(?<![\w.])/\w", text)
