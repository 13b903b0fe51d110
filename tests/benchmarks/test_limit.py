"""The limit's index is compared with the rows that its bodies were made of."""

from pathlib import Path
from types import SimpleNamespace

from benchmarks.limit import Limit
from tools.comparison import IN_STEP, Difference

ROWS = {1: ("order1", "John", 1.0), 2: ("order2", "Jane", 2.0)}


class Deployment:
    """A table, and what the limit's index holds of it."""

    name = "orders"

    def __init__(self) -> None:
        self.servers = SimpleNamespace(engine=SimpleNamespace(indices=SimpleNamespace()), folder=Path())
        self.table = dict(ROWS)
        self.held = dict(ROWS)

    def rows(self):
        return dict(self.table)

    def run_workload(self, *_):
        return {"sizes": []}

    def documents(self, index):
        assert index == "orders-limit-orders"
        return self.held


def prepared(monkeypatch, deployment):
    monkeypatch.setattr(Limit, "renew", lambda self: None)
    return Limit(deployment, refresh="1s").prepare()


def test_as_many_documents_may_all_be_wrong(monkeypatch):
    deployment = Deployment()
    limit = prepared(monkeypatch, deployment)
    deployment.held = {2: ("order2", "Joan", 2.0), 3: ("order3", "Jack", 3.0)}
    assert limit.final_difference() == Difference(missing=1, stale=1, orphaned=1)


def test_what_changes_in_the_table_afterwards_is_not_the_limits_fault(monkeypatch):
    deployment = Deployment()
    limit = prepared(monkeypatch, deployment)
    deployment.table[1] = ("order1", "Joan", 1.0)
    assert limit.final_difference() == IN_STEP
