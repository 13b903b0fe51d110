"""What memory is counted."""

from benchmarks import memory

ROLLUP = """\
00400000-7fff00000000 ---p 00000000 00:00 0    [rollup]
Rss:               98765 kB
Pss:                1000 kB
Pss_Anon:            500 kB
"""


def test_what_is_shared_is_proportional_share():
    assert (memory.proportional_share(ROLLUP), memory.proportional_share("")) == (1.024, 0.0)


def test_a_process_that_is_not_there_has_none():
    assert memory.current_total(2**30) == 0.0
