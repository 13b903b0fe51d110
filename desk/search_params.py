"""The parameters of a search page: what its address asks for, in a form that can be shared."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import urlsplit

from django.http import QueryDict
from django.urls import reverse

from order_search.fields import ORDERS
from search.query.fields import AnyOf
from search.query.schema import SearchSchema


@dataclass(frozen=True)
class SearchParams:
    """A search's parameters, without empty, unknown and repeated ones."""

    query: Mapping[str, list[str]]
    schema: SearchSchema = ORDERS

    @classmethod
    def from_query(cls, query: QueryDict, schema: SearchSchema = ORDERS) -> Self:
        """Read a request's query: several values may be separated by commas, of others the last one counts."""
        values = {name: _clean(",".join(query.getlist(name)).split(",")) for name in _multiple(schema)}
        values |= {name: _clean(query.getlist(name))[-1:] for name in _single(schema)}
        return cls({name: texts for name, texts in values.items() if texts}, schema)

    def __str__(self) -> str:
        query = self.parameters.urlencode(safe="-:,")
        return f"{reverse('desk')}?{query}" if query else reverse("desk")

    @property
    def parameters(self) -> QueryDict:
        query = QueryDict(mutable=True)
        for name, values in self.query.items():
            query.setlist(name, values)
        return query

    def get(self, name: str) -> str:
        """Return a parameter's only value, or an empty text."""
        return self.query.get(name, [""])[-1]

    def values(self, name: str) -> list[str]:
        return self.query.get(name, [])

    @property
    def is_filtered(self) -> bool:
        return any(name in self.query for name in self.schema.filter_params)

    def replace(self, **changes: Any) -> "SearchParams":
        """Return the first page of a search with other values; an empty value removes the parameter."""
        query = {name: values for name, values in self.query.items() if name != "cursor"}
        for name, value in changes.items():
            query[name] = _clean([value] if isinstance(value, str) else [*(value or ())])
        names = (*_multiple(self.schema), *_single(self.schema))
        return SearchParams({name: query[name] for name in names if query.get(name)}, self.schema)

    def without(self, name: str, value: str) -> "SearchParams":
        return self.replace(**{name: [kept for kept in self.values(name) if kept != value]})

    def without_filters(self) -> "SearchParams":
        return self.replace(**dict.fromkeys(self.schema.filter_params, ""))

    def continues_typing(self, url: str) -> bool:
        """Whether the page at `url` had a beginning of this text (or its continuation), and all else is the same."""
        before = SearchParams.from_query(QueryDict(urlsplit(url).query), self.schema)
        text, text_before = self.get("q"), before.get("q")
        is_typing = bool(text and text_before) and (text.startswith(text_before) or text_before.startswith(text))
        return is_typing and before.replace(q=text) == self.replace()


def _multiple(schema: SearchSchema) -> list[str]:
    return [bound.filter.param for bound in schema.filters if isinstance(bound.filter, AnyOf)]


def _single(schema: SearchSchema) -> list[str]:
    multiple = _multiple(schema)
    return ["q", *(name for name in schema.filter_params if name not in multiple), "sort", "cursor"]


def _clean(values: list[str]) -> list[str]:
    return [*dict.fromkeys(value.strip() for value in values if value.strip())]
