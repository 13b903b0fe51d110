"""The cursor: where a result goes on, in a form that a client can only hand back.

It names a point in time, which the engine keeps for a while: the result as it was at the first page, whatever
changes meanwhile. A result that need not last has none before its second page: whoever types asks for many first
pages, and for hardly a second one. Signed: nobody can make the engine read what another cursor's maker did not ask for.
"""

from dataclasses import astuple, dataclass, replace
from typing import Any, Self

from django.core import signing

from ..exceptions import InvalidCursor
from .request import Wanted

SALT = "search.query.cursor"
KEEP_ALIVE = "5m"  # from one page to the next


@dataclass(frozen=True)
class Place:
    """Where the next page begins."""

    point: str  # in time; empty: it begins with the next page
    after: tuple[Any, ...]  # what the last order before it is sorted by
    seen: int  # orders before it
    forgiving: bool

    def forgivingly(self) -> Self:
        """The same place in the result that similar words give."""
        return replace(self, forgiving=True)


def write(place: Place, wanted: Wanted) -> str:
    """The cursor of the next page of what is wanted."""
    return signing.dumps([wanted.key, *astuple(place)], salt=SALT, compress=True)


def read(wanted: Wanted) -> Place:
    """What the cursor says. InvalidCursor when it is none, or another search's."""
    try:
        key, point, after, seen, forgiving = signing.loads(wanted.cursor, salt=SALT)
    except (signing.BadSignature, ValueError, TypeError) as error:
        raise InvalidCursor from error
    if key != wanted.key:
        raise InvalidCursor
    return Place(point, tuple(after), seen, forgiving)
