"""The cursor: where the next page of a result begins, signed, so that a client can only hand it back.

It names a point in time, which the engine keeps for a while: the result as it was at the first page, whatever changes
later. Search-as-you-type requests many first pages and hardly a second one, so without `open_pit` the point in time is
opened with the second page. The signature keeps a client from reading what another search was allowed to read.
"""

from dataclasses import astuple, dataclass, replace
from typing import Any, Self

from django.core import signing

from ..exceptions import InvalidCursor

SALT = "search.query.cursor"
KEEP_ALIVE = "5m"  # from one page to the next


@dataclass(frozen=True)
class CursorPosition:
    """Where the next page begins."""

    pit: str  # id of the point in time; empty: open it with the next page
    after: tuple[Any, ...]  # the sort values of the last result before it
    seen: int  # results before it
    fuzzy: bool

    def with_fuzzy(self) -> Self:
        return replace(self, fuzzy=True)


def encode_cursor(position: CursorPosition, key: str) -> str:
    return signing.dumps([key, *astuple(position)], salt=SALT, compress=True)


def decode_cursor(cursor: str, key: str) -> CursorPosition:
    """Return the position. Raise InvalidCursor for another search's cursor and for what this project did not sign."""
    try:
        cursor_key, pit, after, seen, fuzzy = signing.loads(cursor, salt=SALT)
    except (signing.BadSignature, ValueError, TypeError) as error:
        raise InvalidCursor from error
    if cursor_key != key:
        raise InvalidCursor
    return CursorPosition(pit, tuple(after), seen, fuzzy)
