"""What memory is counted."""

from benchmarks import memory

ROLLUP = """\
00400000-7fff00000000 ---p 00000000 00:00 0    [rollup]
Rss:               98765 kB
Pss:                1000 kB
Pss_Anon:            500 kB
"""


def test_what_is_shared_is_shared_out():
    assert (memory.shared_out(ROLLUP), memory.shared_out("")) == (1.024, 0.0)


def test_a_process_that_is_not_there_has_none():
    assert memory.of_all(2**30) == 0.0
