"""Profiles of the cost of an order, kept as text. script/benchmark --profile updates them."""

from pathlib import Path

from benchmarks import machine, table
from benchmarks.limit import Limit
from benchmarks.scale import FULL
from benchmarks.servers import Servers, start_servers
from tools.supervisor import Supervisor

FOLDER = Path(__file__).resolve().parent / "profiles"
# The profiles, and the benchmarks that each explains.
EXPLAINED_BENCHES = {
    "push": ["create_1", "create_16"],
    "relay": ["update", "relay"],
    "rebuild": ["rebuild_small", "rebuild_large"],
}


def profile_of(bench: str) -> str:
    """Return the name of the profile that explains a benchmark, or an empty text."""
    return next((name for name, benches in EXPLAINED_BENCHES.items() if bench in benches), "")


def take(rows: int = FULL.fewer, folder: Path = FOLDER) -> None:
    """Update all profiles, on servers that do nothing else."""
    folder.mkdir(exist_ok=True)
    description = machine.describe()
    head = f"{description['date']}, code {description['code'] or 'unknown'}, {description['processor']}"
    with Supervisor(), start_servers() as servers:
        for name in EXPLAINED_BENCHES:
            (folder / f"{name}.txt").write_text(f"{name}: {head}\n{take_one(servers, rows, name)}")


def take_one(servers: Servers, rows: int, name: str) -> str:
    deployment = table.orders(servers, rows)
    empty_index = Limit(deployment, refresh="-1")
    empty_index.renew()
    try:
        return deployment.run("-m", "benchmarks.profile_target", name, empty_index.name).output
    finally:
        empty_index.drop()
