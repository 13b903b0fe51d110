"""What is profiled, in a site's own process: python -m benchmarks.profile_target NAME. Prints the profile.

One thread does what a request's push, a relay and a worker of a rebuild do, with nothing beside it. The time is the
clock's, so waiting for the database and the engine counts.
"""

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext

import django
from pyinstrument import Profiler
from pyinstrument.renderers import ConsoleRenderer
from pyinstrument.session import Session

PUSHES = 400  # of one order each
BATCHES = 20
FILLED = 40_000  # orders of a rebuild
WARM = 20  # pushes, or one batch, that go before
INTERVAL = 0.0005  # seconds between two looks
LEAST = 0.02  # parts of the whole that are shown
Work = Callable[[Profiler], int]


def push(profiler: Profiler) -> int:
    """Change an order, and push it as the sender does; how many were pushed."""
    from search.conf import conf
    from search.outbox import transitions
    from search.push.push import push_keys

    for number in range(1, WARM + PUSHES + 1):
        [key] = change([number])
        with profiled(profiler, number > WARM):
            transitions.apply_results(push_keys([key], "default", conf.PUSH_TIMEOUT), "default")
    return PUSHES


def relay(profiler: Profiler) -> int:
    """Change a batch of orders, and claim and push it as the relay does, but one step after the other."""
    from search.conf import conf
    from search.outbox import transitions
    from search.push.push import push_keys

    size = conf.RELAY_BATCH_SIZE
    for batch in range(BATCHES + 1):
        change(range(batch * size + 1, (batch + 1) * size + 1))
        with profiled(profiler, batch > 0):
            keys = transitions.claim("default", limit=size)
            transitions.apply_results(push_keys(keys, "default"), "default")
        assert len(keys) == size, "somebody else pushes"
    return BATCHES * size


def rebuild(profiler: Profiler) -> int:
    """Fill an index, whose name is given, from its first orders."""
    from django.db.models import Q

    from order_search.documents import OrderDocument
    from search.rebuild.backfill import Filler

    filler = Filler(OrderDocument, sys.argv[2], "default")
    for after, until in ((0, filler.size), (filler.size, filler.size + FILLED)):
        with profiled(profiler, after > 0):
            filler.fill(filler.rows(Q(pk__lte=until)), after, lambda *_: None)
    return FILLED


def change(orders: Iterable[int]) -> list[str]:
    """Change these orders, which the triggers note; the keys of what waits for the index then."""
    from django.db.models import F, Value
    from django.db.models.functions import Concat

    from orders.models import Order
    from search.models import Entry

    Order.objects.filter(pk__in=list(orders)).update(note=Concat(F("note"), Value(".")))
    return list(Entry.objects.pending().values_list("key", flat=True))


@contextmanager
def profiled(profiler: Profiler, counts: bool) -> Iterator[None]:
    """Profile what is within, if it counts; all that counts is one profile."""
    with profiler if counts else nullcontext():
        yield


class Tree(ConsoleRenderer):
    """The calls, each with its part of the time, and nothing above them."""

    def __init__(self) -> None:
        options = {"filter_threshold": LEAST}
        super().__init__(unicode=True, color=False, time="percent_of_total", processor_options=options)

    def render_preamble(self, session: Session) -> str:
        return ""


WORK: dict[str, Work] = {work.__name__: work for work in (push, relay, rebuild)}


def main() -> None:
    """Work, and say how long an order took and where the time went."""
    django.setup()
    profiler = Profiler(interval=INTERVAL)
    orders = WORK[sys.argv[1]](profiler)
    session = profiler.last_session
    assert session
    wall, processor = (1e6 * seconds / orders for seconds in (session.duration, session.cpu_time))
    print(f"{orders:,} orders, {wall:,.0f} µs each, of which this process computed {processor:,.0f}")
    print(Tree().render(session).strip())


if __name__ == "__main__":
    main()
