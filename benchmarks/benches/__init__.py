"""The benchmarks, a module each subject, in the order in which they run."""

from benchmarks.bench import Bench
from benchmarks.benches.requests import Change, CreateAlone, CreateTogether, Lag

ALL: list[type[Bench]] = [CreateAlone, CreateTogether, Lag, Change]
