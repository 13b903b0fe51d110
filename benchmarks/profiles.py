"""Profiles of what an order costs, kept as text: script/benchmark --profile takes them anew."""

from pathlib import Path

from benchmarks import machine, table
from benchmarks.limit import Limit
from benchmarks.scale import FULL
from benchmarks.servers import Ground, ground
from tools.supervisor import Supervisor

FOLDER = Path(__file__).resolve().parent / "profiles"
# What is profiled, and the benchmarks that it explains.
EXPLAINS = {
    "push": ["create_1", "create_16"],
    "relay": ["update", "relay"],
    "rebuild": ["rebuild_small", "rebuild_large"],
}


def of(bench: str) -> str:
    """The profile that explains a benchmark, or none."""
    return next((name for name, benches in EXPLAINS.items() if bench in benches), "")


def take(rows: int = FULL.fewer, folder: Path = FOLDER) -> None:
    """Take all of them, on servers of their own with nothing beside."""
    folder.mkdir(exist_ok=True)
    described = machine.describe()
    where = f"{described['date']}, code {described['code'] or 'unknown'}, {described['processor']}"
    with Supervisor(), ground() as servers:
        for name in EXPLAINS:
            (folder / f"{name}.txt").write_text(f"{name}: {where}\n{one(servers, rows, name)}")


def one(servers: Ground, rows: int, name: str) -> str:
    """Take one, in a process of its own."""
    site = table.orders(servers, rows)
    empty = Limit(site, refresh="-1")
    empty.renew()
    try:
        return site.run("-m", "benchmarks.profile_target", name, empty.name).output
    finally:
        empty.drop()
