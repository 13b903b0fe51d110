"""What is wrong in the limit's index: by its content, beside the rows that its bodies were made of."""

from pathlib import Path
from types import SimpleNamespace

from benchmarks.limit import Limit
from tools.demo.compare import IN_STEP, Difference

ROWS = {1: ("order1", "John", 1.0), 2: ("order2", "Jane", 2.0)}


class Site:
    """A table, and what the limit's index holds of it."""

    name = "orders"

    def __init__(self) -> None:
        self.ground = SimpleNamespace(engine=SimpleNamespace(indices=SimpleNamespace()), folder=Path())
        self.table = dict(ROWS)
        self.held = dict(ROWS)

    def rows(self):
        return dict(self.table)

    def work(self, *_):
        return {"sizes": []}

    def documents(self, index):
        assert index == "orders-limit-orders"
        return self.held


def prepared(monkeypatch, site):
    monkeypatch.setattr(Limit, "renew", lambda self: None)
    return Limit(site, refresh="1s").prepare()


def test_as_many_documents_may_all_be_wrong(monkeypatch):
    site = Site()
    limit = prepared(monkeypatch, site)
    site.held = {2: ("order2", "Joan", 2.0), 3: ("order3", "Jack", 3.0)}
    assert limit.wrong() == Difference(missing=1, stale=1, orphaned=1)


def test_what_changes_in_the_table_afterwards_is_not_the_limits_fault(monkeypatch):
    site = Site()
    limit = prepared(monkeypatch, site)
    site.table[1] = ("order1", "Joan", 1.0)
    assert limit.wrong() == IN_STEP
