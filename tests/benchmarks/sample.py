"""Two runs of a benchmark and a growth, hours apart: small, fixed, and made up for these tests alone."""

from typing import Any

MACHINE = {
    "date": "2026-11-24T12:00:00+00:00",
    "code": "c0de",
    "processors": 2,
    "processor": "Some Processor",
    "memory_gb": 8,
    "system": "Linux 6.1",
    "versions": {"Python": "3.11.7", "wrk": "4.1.0"},
}
EARLIER = MACHINE | {"date": "2026-11-24T08:00:00+00:00"}


def contender(figures, wrong):
    """Return a contender with turns of p50_ms and per_second."""
    turns = [
        {"per_second": second, "p50_ms": middle, "failed": 0, "wrk_cpu_percent": 5.0} for second, middle in figures
    ]
    return {"turns": turns, "wrong": wrong}


def create(ours, factor=1.0):
    """Return a benchmark in which this project has this p50_ms."""
    return {
        "title": "Create, 1 connection",
        "about": "POST by one client.",
        "rows": 2000,
        "rounds": 3,
        "over": "",
        "contenders": {
            "no indexing": contender([(300 * factor, 3.0), (310 * factor, 3.1), (290 * factor, 3.2)], None),
            "this project, sync": contender(
                [(100.0, ours), (110.0, ours), (105.0, ours)], {"missing": 0, "stale": 1200, "orphaned": 0}
            ),
        },
        "targets": [
            {
                "text": "p50 at most twice that without",
                "figure": "p50_ms",
                "limit": 2.0,
                "at_least": False,
                "is_ratio": True,
                "values": [ours / 3.0, ours / 3.1, ours / 3.2],
            },
            {
                "text": "at least 90 a second | whatever",
                "figure": "per_second",
                "limit": 90.0,
                "at_least": True,
                "is_ratio": False,
                "values": [100.0, 110.0, 105.0],
            },
        ],
    }


GROWTH = {
    "title": "Growth",
    "about": "Cost over size.",
    "method": 0,  # another than today's, so that the recorded words stay
    "rows": 0,
    "rounds": 1,
    "over": "orders",
    "contenders": {
        "10000": {"turns": [{"push_us": 300.0, "search_p50_ms": 4.0}], "wrong": None},
        "100000": {"turns": [{"push_us": 310.0, "search_p50_ms": 8.0}], "wrong": None},
    },
    "targets": [],
}
NEWEST_RUN: dict[str, Any] = {
    "machine": MACHINE,
    "quick": False,
    "benches": {"create_1": create(9.0), "growth": GROWTH},
}
EARLIER_RUN: dict[str, Any] = {"machine": EARLIER, "quick": False, "benches": {"create_1": create(6.0, factor=1.1)}}
