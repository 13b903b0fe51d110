"""The address of a search: what the page at / is asked for, in a form that can be shared."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import urlsplit

from django.http import QueryDict
from django.urls import reverse

SEVERAL = ("status", "currency")
SINGLE = ("q", "customer", "sku", "total_min", "total_max", "created_after", "created_before", "sort", "cursor")
FILTERS = (*SEVERAL, "customer", "sku", "total_min", "total_max", "created_after", "created_before")


@dataclass(frozen=True)
class Address:
    """A search's parameters, without those that are empty, unknown, or said twice."""

    query: Mapping[str, list[str]]

    @classmethod
    def of(cls, query: QueryDict) -> Self:
        """What a request asks for."""
        found = {name: _filled(",".join(query.getlist(name)).split(",")) for name in SEVERAL}
        found |= {name: _filled(query.getlist(name))[-1:] for name in SINGLE}
        return cls({name: values for name, values in found.items() if values})

    def __str__(self) -> str:
        query = self.parameters.urlencode(safe="-:,")
        return f"{reverse('desk')}?{query}" if query else reverse("desk")

    @property
    def parameters(self) -> QueryDict:
        """As the search takes them."""
        query = QueryDict(mutable=True)
        for name, values in self.query.items():
            query.setlist(name, values)
        return query

    def get(self, name: str) -> str:
        """The one value; empty without."""
        return self.query.get(name, [""])[-1]

    def values(self, name: str) -> list[str]:
        """All values."""
        return self.query.get(name, [])

    @property
    def is_filtered(self) -> bool:
        """Whether more than a text is asked for."""
        return any(name in self.query for name in FILTERS)

    def changed(self, **changes: Any) -> "Address":
        """The address of another search: each name has other values now, none when they are empty. From the start."""
        found = {name: values for name, values in self.query.items() if name != "cursor"}
        for name, value in changes.items():
            found[name] = _filled([value] if isinstance(value, str) else [*(value or ())])
        return Address({name: found[name] for name in (*SEVERAL, *SINGLE) if found.get(name)})

    def without(self, name: str, value: str) -> "Address":
        """As it is, but for one of several values."""
        return self.changed(**{name: [each for each in self.values(name) if each != value]})

    def goes_on_from(self, url: str) -> bool:
        """Whether the page at `url` had the beginning of this text, and the same in all else: somebody is typing."""
        before, text = Address.of(QueryDict(urlsplit(url).query)), self.get("q")
        typed = before.get("q")
        is_typing = bool(text and typed) and (text.startswith(typed) or typed.startswith(text))
        return is_typing and before.changed(q=text) == self.changed()


def _filled(values: list[str]) -> list[str]:
    return [*dict.fromkeys(value.strip() for value in values if value.strip())]
