"""A rebuild in steps, and one that is killed at a chosen step and leaves what a killed process leaves."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from order_search.documents import OrderDocument
from search.indices import lock
from search.models import Index, IndexState
from search.rebuild import rebuild
from search.rebuild.rebuild import Options, Rebuilt
from tests.search.interleavings.ends import LONG_AGO

ALIAS = OrderDocument._index._name
ALONE = Options(workers=1)
STANDBY = Options(workers=1, standby=True)


def begin() -> Index:
    """Create and record an index. From here on pushes write to it too."""
    return rebuild.begin(OrderDocument, "default")


def fill(index: Index) -> None:
    """Fill the index with every row."""
    rebuild.fill(OrderDocument, index, "default", ALONE)


def finish(index: Index, options: Options = ALONE) -> Rebuilt:
    """Verify a filled index and swap it in."""
    return rebuild.finish(OrderDocument, index, "default", options)


def live() -> str:
    """Return the name of the live index."""
    return Index.objects.live().get(alias=ALIAS).name


def building() -> str:
    """Return the name of the index that is being built."""
    return Index.objects.get(alias=ALIAS, state=IndexState.BUILDING).name


def named(engine: Any) -> list[str]:
    """Return the names of the indices that the alias points to."""
    return list(engine.indices.get_alias(name=ALIAS))


class Killed(BaseException):
    """The process has ended here."""


def hook(
    patch: pytest.MonkeyPatch,
    place: Any,
    name: str,
    *,
    before: Callable[[], object] | None = None,
    after: Callable[[], object] | None = None,
) -> None:
    """Call `before` or `after` with each call of `place.name`."""
    really = getattr(place, name)

    def hooked(*arguments: Any, **named: Any) -> Any:
        if before:
            before()
        answer = really(*arguments, **named)
        if after:
            after()
        return answer

    patch.setattr(place, name, hooked)


@contextmanager
def killed(place: Any, name: str, when: str, *, after_calls: int = 1) -> Iterator[None]:
    """Kill the process inside before or after `place.name` is called for the n-th time."""
    calls = iter(range(1, after_calls))

    def kill() -> None:
        if next(calls, None) is None:
            raise Killed

    with pytest.MonkeyPatch.context() as patch:
        hook(patch, place, name, **{when: kill})
        patch.setattr(lock, "release", lambda *_: None)  # a kill leaves no time for it
        with pytest.raises(Killed):
            yield
    Index.objects.filter(state=IndexState.BUILDING).update(
        owner="gone@elsewhere process 1 since ever", heartbeat_at=LONG_AGO
    )
