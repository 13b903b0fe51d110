"""The worlds in which the project's rules are explored: each has a few writes and faults, in all interleavings."""

from tests.model.rules import Size

KINDS = ("insert", "update", "delete")
ALL_KINDS = (*KINDS, "hide", "poison")

SMALL = {
    "two writes, two pushes": Size(writes=2),
    "a rebuild and one write": Size(writes=1, pushers=1, losses=1, rebuild="rollback"),
}

LARGE = {
    "a transaction left open, a clock set back": Size(writes=2, open=1, steps_back=1),
    "a lost push, a restart, a clock set back": Size(writes=2, losses=1, restarts=1, steps_back=1),
    "three writes, a lost push, a restart": Size(writes=3, losses=1, restarts=1),
    "three pushes, a lost one, a restart": Size(writes=2, pushers=3, losses=1, restarts=1),
    "three writes, one left open": Size(writes=3, open=1),
    "rows hidden, documents refused": Size(writes=2, kinds=ALL_KINDS, losses=1, refusals=1),
    "a restore": Size(writes=2, losses=1, restores=1, steps_back=1),
    "two keys, one refused for a while": Size(keys=2, writes=2, refusals=1),
    "two keys, a restart, a clock set back": Size(keys=2, pushers=1, writes=2, losses=1, restarts=1, steps_back=1),
    "a rebuild, two pushes, a way back": Size(writes=1, losses=1, refusals=1, rebuild="rollback"),
    "a rebuild, two writes": Size(writes=2, pushers=1, losses=1, rebuild="retire"),
    "a rebuild, a restart": Size(writes=1, losses=1, restarts=1, rebuild="retire"),
    "a rebuild, rows hidden, documents refused": Size(writes=2, pushers=1, kinds=ALL_KINDS, open=1, rebuild="standby"),
    "a rebuild of two keys": Size(keys=2, pushers=1, writes=1, losses=1, rebuild="retire"),
}
