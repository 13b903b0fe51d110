"""Work to be profiled, in a process of a deployment: python -m benchmarks.profile_target NAME. Prints the profile.

A single thread does the work of a request's push, of a relay or of a worker of a rebuild. The profile is of wall time,
so waiting for the database and the engine counts.
"""

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext

import django
from pyinstrument import Profiler
from pyinstrument.renderers import ConsoleRenderer
from pyinstrument.session import Session

PUSHES = 400  # of one order each
RELAY_BATCHES = 20
REBUILT = 40_000  # orders of a rebuild
WARM_UP = 20  # pushes that are not profiled, as the first batch of the others
INTERVAL = 0.0005  # seconds between two samples
LEAST_SHARE = 0.02  # of the whole, below which calls are hidden
Target = Callable[[Profiler], int]


def push(profiler: Profiler) -> int:
    """Change orders one by one, and push each as the sender does. Return how many."""
    from search.conf import conf
    from search.outbox import transitions
    from search.push.push import push_keys

    for number in range(1, WARM_UP + PUSHES + 1):
        [key] = change([number])
        with profiled(profiler, number > WARM_UP):
            transitions.apply_results(push_keys([key], "default", conf.PUSH_TIMEOUT), "default")
    return PUSHES


def relay(profiler: Profiler) -> int:
    """Change batches of orders, and claim and push each as the relay does, but step by step. Return how many orders."""
    from search.conf import conf
    from search.outbox import transitions
    from search.push.push import push_keys

    size = conf.RELAY_BATCH_SIZE
    for batch in range(RELAY_BATCHES + 1):
        change(range(batch * size + 1, (batch + 1) * size + 1))
        with profiled(profiler, batch > 0):
            keys = transitions.claim("default", limit=size)
            transitions.apply_results(push_keys(keys, "default"), "default")
        assert len(keys) == size, "another process pushes"
    return RELAY_BATCHES * size


def rebuild(profiler: Profiler) -> int:
    """Fill the index whose name is the second argument from the first orders. Return how many."""
    from django.db.models import Q

    from order_search.documents import OrderDocument
    from search.rebuild.backfill import Filler

    filler = Filler(OrderDocument, sys.argv[2], "default")
    for after, until in ((0, filler.size), (filler.size, filler.size + REBUILT)):
        with profiled(profiler, after > 0):
            filler.fill(filler.rows(Q(pk__lte=until)), after, lambda *_: None)
    return REBUILT


def change(orders: Iterable[int]) -> list[str]:
    """Change these orders, which the triggers capture. Return the keys of the pending entries."""
    from django.db.models import F, Value
    from django.db.models.functions import Concat

    from orders.models import Order
    from search.models import Entry

    Order.objects.filter(pk__in=list(orders)).update(note=Concat(F("note"), Value(".")))
    return list(Entry.objects.pending().values_list("key", flat=True))


@contextmanager
def profiled(profiler: Profiler, is_recorded: bool) -> Iterator[None]:
    with profiler if is_recorded else nullcontext():
        yield


class CallTree(ConsoleRenderer):
    """A tree of calls, each with its share of the time, without a heading."""

    def __init__(self) -> None:
        options = {"filter_threshold": LEAST_SHARE}
        super().__init__(unicode=True, color=False, time="percent_of_total", processor_options=options)

    def render_preamble(self, session: Session) -> str:
        return ""


TARGETS: dict[str, Target] = {target.__name__: target for target in (push, relay, rebuild)}


def main() -> None:
    django.setup()
    profiler = Profiler(interval=INTERVAL)
    orders = TARGETS[sys.argv[1]](profiler)
    session = profiler.last_session
    assert session
    wall, processor = (1e6 * seconds / orders for seconds in (session.duration, session.cpu_time))
    print(f"{orders:,} orders, {wall:,.0f} µs each, of which this process computed {processor:,.0f}")
    print(CallTree().render(session).strip())


if __name__ == "__main__":
    main()
