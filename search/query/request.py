"""What is searched for: a text, filters, an order, and which part of the result in which form."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from decimal import Decimal
from typing import Any, Self

FACETS = ("status", "currency", "amount", "month")
Key = str | dict[str, dict[str, str]]
SORTS: dict[str, tuple[Key, ...]] = {  # by what each sorts, and what decides between equals
    "relevance": ("_score", "-created_at", "-id"),  # the best first: nobody looks for the worst
    "-relevance": ({"_score": {"order": "asc"}}, "created_at", "id"),  # the reverse of that
    "created": ("created_at", "id"),
    "-created": ("-created_at", "-id"),
    "total": ("total_amount", "id"),
    "-total": ("-total_amount", "-id"),
    "customer": ("customer_name.keyword", "id"),
    "-customer": ("-customer_name.keyword", "-id"),
    "number": ("order_number", "id"),
    "-number": ("-order_number", "-id"),
}
WHAT = ("q", "status", "currency", "customer", "sku", "total_min", "total_max", "created_from", "created_until", "sort")


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """One search. Nothing given: all orders, newest first."""

    q: str = ""
    status: tuple[str, ...] = ()
    currency: tuple[str, ...] = ()
    customer: str = ""  # the whole name
    sku: str = ""
    total_min: Decimal | None = None
    total_max: Decimal | None = None
    created_from: datetime | None = None
    created_until: datetime | None = None  # not itself
    sort: str = ""
    page: int | None = None  # without: pages by cursor, which `Found.cursor` goes on with
    lasting: bool = True  # the result stays as it is from its first page on; without it from its second page on
    page_size: int = 20
    cursor: str = ""
    facets: tuple[str, ...] = ()
    highlight: bool = False
    fields: tuple[str, ...] = ()  # of the orders; none: all

    @classmethod
    def of(cls, parameters: Mapping[str, Any]) -> Self:
        """From the validated data of the parameters' serializer, whatever else is in there."""
        known = {field.name for field in fields(cls)}
        return cls(**{name: value for name, value in parameters.items() if name in known})

    @property
    def order(self) -> str:
        """The name of the order: the best first where there is a text, else the newest."""
        return self.sort or ("relevance" if self.q.strip() else "-created")

    @property
    def key(self) -> str:
        """A hash of what is searched for: pages of one result share it, whatever part and form each wants."""
        what = {name: value for name, value in asdict(self).items() if name in WHAT}
        return hashlib.sha256(json.dumps(what, sort_keys=True, default=str).encode()).hexdigest()[:16]


@dataclass(kw_only=True)
class Found:
    """A part of a result."""

    count: int  # of the whole result, exact
    results: list[dict[str, Any]]  # the documents' sources, each with "highlight" when wanted
    cursor: str | None = None  # of the next part, if there is one
    facets: dict[str, list[dict[str, Any]]] | None = None
    did_you_mean: str | None = None
    forgiven: bool = False  # nothing has all these words as they are written; these have similar ones
