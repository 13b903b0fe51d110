"""Whether an index is in step with the database as a whole, by one sum on each side: enough for a small one."""

from ..client import client, translate_errors
from ..exceptions import NoIndex
from ..indices.aliases import alias_of
from ..mapping.base import VersionedDocument
from ..mapping.registry import documents
from .checksums import DatabaseSums, IndexSums, Span, Sum
from .rows import Rows


def behind(using: str = "default") -> list[type[VersionedDocument]]:
    """The documents whose index is not what the database has."""
    return [document for document in documents() if indexed(document) != DatabaseSums(Rows(document, using)).total()]


def indexed(document: type[VersionedDocument]) -> Sum | None:
    """Count and sum of what is searched; None without an index."""
    alias = alias_of(document)
    try:
        with translate_errors():
            client().indices.refresh(index=alias)
            return IndexSums(alias).sums([Span()])[0]
    except NoIndex:
        return None
