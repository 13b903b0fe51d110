"""The filters on the page, all from the search's table of fields: what can be chosen, and what is chosen."""

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from desk.search_params import SearchParams
from search.query.facets import Months, Ranges
from search.query.fields import AnyOf, Between, Choice, Equals, Moment
from search.query.schema import BoundFilter, SearchSchema

Facets = dict[str, list[dict[str, Any]]]
MAX_MONTHS = 12


@dataclass(frozen=True)
class FilterChoice:
    """A value of a filter, and the number of orders that it would leave."""

    value: str
    label: str
    count: int | None  # None: the search failed
    is_chosen: bool
    address: SearchParams | None = None  # where the link leads: it chooses a value, or removes a chosen one


@dataclass(frozen=True)
class FilterInput:
    """A text field of a filter."""

    name: str
    label: str
    placeholder: str
    value: str
    is_invalid: bool


@dataclass(frozen=True)
class FilterGroup:
    """A filter: checkboxes (the choices), or a range of two inputs with common ranges as links (the choices)."""

    name: str
    label: str
    choices: list[FilterChoice]
    param: str = ""  # of the checkboxes
    inputs: list[FilterInput] = field(default_factory=list)
    is_date: bool = False


@dataclass(frozen=True)
class Chip:
    """A filter in use, and the address without it."""

    label: str
    address: SearchParams


def filter_groups(params: SearchParams, facets: Facets | None, problems: dict[str, list[str]]) -> list[FilterGroup]:
    """Return the filters that the page shows; `facets` is None when the search failed.

    A filter of an open list without a facet has no values to show, and one by a whole value has no input.
    """
    return [
        _range_group(bound, params, facets, problems)
        if isinstance(bound.filter, Between)
        else _values_group(bound, bound.filter, params, facets)
        for bound in params.schema.filters
        if not isinstance(bound.filter, Equals) and (bound.facet or _has_values(bound))
    ]


def _has_values(bound: BoundFilter) -> bool:
    return isinstance(bound.filter, Between) or isinstance(bound.leaf.field, Choice)


def hidden_values(params: SearchParams) -> list[tuple[str, str]]:
    """Return the parameters that have no input on the page, so that the form sends them again."""
    names = [bound.filter.param for bound in params.schema.filters if isinstance(bound.filter, Equals)]
    return [(name, params.get(name)) for name in names if params.get(name)]


def _values_group(bound: BoundFilter, filter: AnyOf, params: SearchParams, facets: Facets | None) -> FilterGroup:
    counts = {bucket["value"]: bucket["count"] for bucket in (facets or {}).get(bound.facet, [])}
    chosen = params.values(filter.param)
    choices = [
        FilterChoice(value, label, counts.get(value, 0) if facets and bound.facet else None, value in chosen)
        for value, label in _values(bound, [*counts], chosen)
    ]
    return FilterGroup(bound.facet or filter.param, bound.leaf.field.title, choices, param=filter.param)


def _values(bound: BoundFilter, facet_values: list[str], chosen: list[str]) -> list[tuple[str, str]]:
    """Return all values of a closed list, in its own order; of an open list those of the facet and those chosen."""
    if isinstance(bound.leaf.field, Choice):
        return [(value, str(label)) for value, label in bound.leaf.field.choices]
    return [(value, value) for value in dict.fromkeys([*facet_values, *chosen]) if value]


def _range_group(
    bound: BoundFilter, params: SearchParams, facets: Facets | None, problems: dict[str, list[str]]
) -> FilterGroup:
    is_date = isinstance(bound.leaf.field, Moment)
    labels = [("From", "from"), ("To", "to")] if is_date else [("At least", "from"), ("At most", "to")]
    inputs = [
        FilterInput(name, label, placeholder, params.get(name), name in problems)
        for name, (label, placeholder) in zip(bound.filter.params, labels, strict=True)
    ]
    name = bound.facet or bound.filter.params[0]
    choices = range_choices(bound, params, (facets or {}).get(bound.facet, []))
    return FilterGroup(name, bound.leaf.field.title, choices, inputs=inputs, is_date=is_date)


def range_choices(bound: BoundFilter, params: SearchParams, buckets: list[dict[str, Any]]) -> list[FilterChoice]:
    facet = bound.leaf.field.facet
    if isinstance(facet, Months):
        return [month_choice(bound, params, bucket) for bucket in reversed(buckets[-MAX_MONTHS:])]
    return [_range_choice(bound, params, bucket) for bucket in buckets] if isinstance(facet, Ranges) else []


def _range_choice(bound: BoundFilter, params: SearchParams, bucket: dict[str, Any]) -> FilterChoice:
    start, end = bucket["from"], bucket["to"]
    field: Any = bound.leaf.field
    bounds = (str(start) if start else "", field.last_before(end) if end else "")
    label = f"{start:,} and more" if end is None else f"{start:,} to {end:,}" if start else f"Under {end:,}"
    return _bounded(bound, params, f"{start}-{end or ''}", label, bucket["count"], bounds)


def month_choice(bound: BoundFilter, params: SearchParams, bucket: dict[str, Any]) -> FilterChoice:
    first = date.fromisoformat(f"{bucket['value']}-01")
    last = first.replace(day=monthrange(first.year, first.month)[1])
    bounds = (first.isoformat(), last.isoformat())
    return _bounded(bound, params, bucket["value"], f"{first:%B %Y}", bucket["count"], bounds)


def _bounded(
    bound: BoundFilter, params: SearchParams, value: str, label: str, count: int, bounds: tuple[str, str]
) -> FilterChoice:
    values = dict(zip(bound.filter.params, bounds, strict=True))
    is_chosen = all(params.get(name) == text for name, text in values.items())
    address = params.replace(**(dict.fromkeys(values, "") if is_chosen else values))
    return FilterChoice(value, label, count, is_chosen, address)


def filter_of_facet(schema: SearchSchema, name: str) -> BoundFilter:
    return next(bound for bound in schema.filters if bound.facet == name)


def chips(params: SearchParams) -> list[Chip]:
    return [chip for bound in params.schema.filters for chip in _chips(bound, params)]


def _chips(bound: BoundFilter, params: SearchParams) -> Iterator[Chip]:
    filter, title = bound.filter, bound.leaf.field.title
    if isinstance(filter, AnyOf):
        labels = dict(bound.leaf.field.choices) if isinstance(bound.leaf.field, Choice) else {}
        for value in params.values(filter.param):
            yield Chip(str(labels.get(value, value)), params.without(filter.param, value))
    elif isinstance(filter, Equals):
        if value := params.get(filter.param):
            yield Chip(f"{title}: {value}", params.replace(**{filter.param: ""}))
    else:
        first, last = params.get(filter.lower), params.get(filter.upper)
        if first or last:
            words = f"{first} to {last}" if first and last else f"from {first}" if first else f"to {last}"
            yield Chip(f"{title} {words}", params.replace(**dict.fromkeys(filter.params, "")))


def param_labels(schema: SearchSchema) -> dict[str, str]:
    labels = {"q": "Search", "sort": "Sort by", "cursor": "Next page"}
    for bound in schema.filters:
        title = bound.leaf.field.title
        if isinstance(bound.filter, Between):
            labels |= {bound.filter.lower: f"{title} from", bound.filter.upper: f"{title} to"}
        else:
            labels[bound.filter.param] = title
    return labels


def sort_options(schema: SearchSchema) -> list[tuple[str, str]]:
    """Return the sorts with their labels, each in the direction first that people expect."""
    options = [("", "Best match, or newest")]
    for name, sorted_field in schema.sorted_fields.items():
        ascending, descending = sorted_field.sort_labels
        pair = [(name, ascending), (f"-{name}", descending)]
        options += reversed(pair) if sorted_field.largest_first else pair
    return [*options, ("-relevance", "Best match last")]
