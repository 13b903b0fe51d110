"""What the search page shows: the result, or why there is none, with orders from the database instead."""

import logging
from dataclasses import dataclass, field
from typing import Any

from django.http import QueryDict

from desk import chart, facets
from desk.chart import Chart
from desk.facets import Chip, Facets, FilterGroup
from desk.rows import Row, rows_from_hits, rows_from_orders
from desk.search_params import SearchParams
from order_search.fields import ORDERS
from order_search.serializers import OrderSearchParams, SuggestParams
from orders.models import Order
from search.exceptions import CursorExpired, InvalidCursor, InvalidQuery, SearchError
from search.query.request import SearchRequest, SearchResult
from search.query.search import search
from search.query.suggest import suggest

logger = logging.getLogger(__name__)
PAGE_SIZE = 30
COLUMNS = {"number": "Order", "customer": "Customer", "": "Status", "created": "Created", "total": "Total"}
CURRENCY = "currency"  # the facet, and the filter, of the amounts that are drawn


@dataclass(frozen=True)
class ColumnHead:
    """A column's head: `direction` is the value of aria-sort, and `address` sorts by the column."""

    label: str
    name: str
    direction: str
    address: SearchParams | None


@dataclass
class SearchPage:
    """Everything that the page shows of a search."""

    params: SearchParams
    rows: list[Row] = field(default_factory=list)
    count: int | None = None  # None: the search failed
    status: int = 200
    problems: dict[str, list[str]] = field(default_factory=dict)  # errors by parameter
    failure: str = ""  # why there is no result
    next: SearchParams | None = None
    did_you_mean: SearchParams | None = None
    is_fuzzy: bool = False
    sorted_by: str = ""
    facets: Facets | None = None
    charts: list[Chart] = field(default_factory=list)

    @property
    def problem_texts(self) -> list[str]:
        labels = facets.param_labels(self.params.schema)
        return [
            f"{labels.get(name, name.capitalize())}: {text}" for name, texts in self.problems.items() for text in texts
        ]

    @property
    def filters(self) -> list[FilterGroup]:
        return facets.filter_groups(self.params, self.facets, self.problems)

    @property
    def hidden(self) -> list[tuple[str, str]]:
        return facets.hidden_values(self.params)

    @property
    def sorts(self) -> list[tuple[str, str]]:
        return facets.sort_options(self.params.schema)

    @property
    def chips(self) -> list[Chip]:
        return facets.chips(self.params)

    @property
    def unfiltered(self) -> SearchParams:
        return self.params.without_filters()

    @property
    def first_page(self) -> SearchParams:
        return self.params.replace()

    @property
    def heads(self) -> list[ColumnHead]:
        return [self._head(name, label) for name, label in COLUMNS.items()]

    def _head(self, name: str, label: str) -> ColumnHead:
        if not name:
            return ColumnHead(label, "status", "", None)
        is_ascending, is_descending = self.sorted_by == name, self.sorted_by == f"-{name}"
        largest_first = self.params.schema.sorted_fields[name].largest_first
        descends = is_ascending or (largest_first and not is_descending)
        direction = "ascending" if is_ascending else "descending" if is_descending else ""
        return ColumnHead(label, name, direction, self.params.replace(sort=f"-{name}" if descends else name))


def search_page(params: SearchParams) -> SearchPage:
    """Search. Failures are part of the page, and raise nothing."""
    serializer = OrderSearchParams(data=params.parameters)
    if not serializer.is_valid():
        return SearchPage(params, status=400, problems=_problems(serializer.errors))
    # No point in time for a first page: the engine should keep nothing for each letter that is typed.
    options = {"page_size": PAGE_SIZE, "facets": tuple(ORDERS.facets), "highlight": True, "open_pit": False}
    request = SearchRequest.from_validated_data(ORDERS, serializer.validated_data | options)
    try:
        return _result_page(params, request, search(request))
    except (InvalidQuery, InvalidCursor) as error:
        name = "q" if isinstance(error, InvalidQuery) else "cursor"
        return SearchPage(params, status=400, problems={name: [str(error)]})
    except CursorExpired:
        return SearchPage(params, status=410, failure="This list has expired.")
    except SearchError as error:
        logger.warning("search failed: %s", error)
        return _failure_page(params, error)


def completions(query: QueryDict) -> list[str]:
    """Return the suggestions for what has been typed, in the groups' order; none when the search fails.

    The typed text itself is left out: a browser offers it again after a completion has been chosen.
    """
    serializer = SuggestParams(data=query)
    if not serializer.is_valid():
        return []
    q = serializer.validated_data["q"]
    try:
        groups = suggest(ORDERS, q)
    except SearchError:
        return []
    texts = [suggestion["text"] for group in ORDERS.suggestions for suggestion in groups[group.name]]
    return [text for text in dict.fromkeys(texts) if text.casefold() != q.casefold()]


def _problems(errors: Any) -> dict[str, list[str]]:
    return {name: [str(error) for error in texts] for name, texts in errors.items()}


def _result_page(params: SearchParams, request: SearchRequest, result: SearchResult) -> SearchPage:
    correction, cursor = result.did_you_mean, result.cursor
    return SearchPage(
        params,
        rows=rows_from_hits(result.results),
        count=result.count,
        next=SearchParams({**params.query, "cursor": [cursor]}, params.schema) if cursor else None,
        did_you_mean=params.replace(q=correction) if correction else None,
        is_fuzzy=result.is_fuzzy,
        sorted_by=request.sort_name,
        facets=result.facets,
        charts=_charts(params, request, result),
    )


def _charts(params: SearchParams, request: SearchRequest, result: SearchResult) -> list[Chart]:
    """Return a chart of orders, and one of amounts in one currency: the chosen one, else the most frequent."""
    buckets = result.facets or {}
    months = buckets.get(chart.MONTH, [])
    if request.cursor or len(months) < 2:
        return []
    frequent = [bucket["value"] for bucket in buckets[CURRENCY] if bucket["value"]]
    currencies = request.filters.get(CURRENCY) or frequent
    charts = [chart.order_chart(params, months)]
    if currencies:
        charts.append(chart.amount_chart(params, months, currencies[0]))
    return [drawn for drawn in charts if drawn]


def _failure_page(params: SearchParams, error: SearchError) -> SearchPage:
    """Return a page for a failed search: the newest orders of the database, or the one with exactly this number."""
    failure = ORDERS.failure_text(error)
    if params.get("cursor"):
        return SearchPage(params, status=503, failure=failure)
    return SearchPage(params, status=503, failure=failure, rows=rows_from_orders(_from_database(params.get("q"))))


def _from_database(number: str) -> list[Order]:
    orders = Order.objects.prefetch_related("lines")
    return [*orders.filter(order_number=number)] or [*orders[:PAGE_SIZE]]
