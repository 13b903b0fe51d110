"""The request and the result of a search."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Self

from .schema import SearchSchema

IDENTITY_FIELDS = ("q", "filters", "sort")


@dataclass(frozen=True, kw_only=True)
class SearchRequest:
    """One search. Without a text and filters: everything, in the default sort."""

    schema: SearchSchema
    q: str = ""
    filters: Mapping[str, Any] = field(default_factory=dict)  # by parameter, without empty values
    sort: str = ""
    page: int | None = None  # None: pages by cursor, see SearchResult.cursor
    open_pit: bool = True  # keep the result unchanged from the first page on; False: from the second page on
    page_size: int = 20
    cursor: str = ""
    facets: tuple[str, ...] = ()
    highlight: bool = False
    fields: tuple[str, ...] = ()  # of the results; empty: all

    @classmethod
    def from_validated_data(cls, schema: SearchSchema, data: Mapping[str, Any]) -> Self:
        """Build a request from the validated data of the schema's parameters. Ignore other keys."""
        names = {attribute.name for attribute in fields(cls)} - {"schema", "filters"}
        filters = {
            param: value for param in schema.filter_params if (value := data.get(param)) not in (None, "", (), [])
        }
        return cls(schema=schema, filters=filters, **{name: data[name] for name in names & set(data)})

    @property
    def sort_name(self) -> str:
        return self.schema.sort_of(self.sort, self.q)

    @property
    def key(self) -> str:
        """Return a hash of what is searched for. The pages of one result share it, whatever their size and form."""
        identity = {"schema": self.schema.name} | {name: getattr(self, name) for name in IDENTITY_FIELDS}
        return hashlib.sha256(json.dumps(identity, sort_keys=True, default=str).encode()).hexdigest()[:16]


@dataclass(kw_only=True)
class SearchResult:
    """A page of a result."""

    count: int  # of the whole result, exact
    results: list[dict[str, Any]]  # the documents' sources, each with "highlight" if requested
    cursor: str | None = None  # of the next page, if there is one
    facets: dict[str, list[dict[str, Any]]] | None = None
    did_you_mean: str | None = None
    is_fuzzy: bool = False  # no document has all the words as they are written; these have similar ones
