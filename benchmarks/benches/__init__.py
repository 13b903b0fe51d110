"""The benchmarks, one module a subject, in the order in which they run."""

from benchmarks.bench import Bench
from benchmarks.benches.batches import Relay, Transaction, Update
from benchmarks.benches.growth import Growth
from benchmarks.benches.outage import BlackHole
from benchmarks.benches.requests import Change, CreateAlone, CreateTogether, Lag
from benchmarks.benches.search import Search
from benchmarks.benches.tables import Drift, RebuildLarge, RebuildSmall

ALL: list[type[Bench]] = [
    CreateAlone,
    CreateTogether,
    Lag,
    Change,
    BlackHole,
    Transaction,
    Update,
    Relay,
    RebuildSmall,
    RebuildLarge,
    Drift,
    Search,
    Growth,
]
