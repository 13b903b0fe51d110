"""What the page at / shows: the result of a search, or why there is none, with what the database knows meanwhile."""

import logging
from dataclasses import dataclass, field
from typing import Any

from django.http import QueryDict

from desk import chart, facets
from desk.chart import Chart
from desk.facets import Chip, Choice
from desk.rows import Row, rows_found, rows_kept
from desk.search_params import FILTERS, Address
from order_search.serializers import SearchParameters, SuggestParameters
from order_search.views import DOWN, SLOW
from orders.models import Order
from search.exceptions import CursorExpired, InvalidCursor, InvalidQuery, SearchError, SearchTooSlow
from search.query.request import FACETS, Found, Wanted
from search.query.search import find
from search.query.suggest import suggest

logger = logging.getLogger(__name__)
PAGE_SIZE = 30
COLUMNS = {"number": "Order", "customer": "Customer", "": "Status", "created": "Created", "total": "Total"}
DOWNWARDS = ("created", "total")  # columns whose largest come first when they are chosen
SORTS = {
    "": "Best match, or newest",
    "-created": "Newest first",
    "created": "Oldest first",
    "-total": "Largest total first",
    "total": "Smallest total first",
    "number": "Order number",
    "-number": "Order number, last first",
    "customer": "Customer, A to Z",
    "-customer": "Customer, Z to A",
    "-relevance": "Best match last",
}

LABELS = {
    "q": "Search",
    "total_min": "Amount from",
    "total_max": "Amount to",
    "created_after": "Created from",
    "created_before": "Created to",
    "cursor": "The next orders",
}


@dataclass(frozen=True)
class Head:
    """A column's head: `direction` as aria-sort says it, and where sorting by it leads."""

    label: str
    name: str
    direction: str
    address: Address | None


@dataclass
class Result:
    """All that the page says of a search."""

    asked: Address
    rows: list[Row] = field(default_factory=list)
    count: int | None = None  # None: nobody knows
    status: int = 200
    problems: dict[str, list[str]] = field(default_factory=dict)  # what is wrong with the address, by parameter
    failure: str = ""  # why there is no result
    next: Address | None = None
    did_you_mean: Address | None = None
    forgiven: bool = False
    sorted_by: str = ""
    found_facets: facets.Facets | None = None
    charts: list[Chart] = field(default_factory=list)

    @property
    def said_problems(self) -> list[str]:
        """What is wrong, each with the name that the field has on the page."""
        found = [(LABELS.get(name, name.capitalize()), texts) for name, texts in self.problems.items()]
        return [f"{label}: {text}" for label, texts in found for text in texts]

    @property
    def filters(self) -> dict[str, list[Choice]]:
        """What may be chosen."""
        kinds = {"status": facets.statuses, "currency": facets.currencies}
        kinds |= {"amount": facets.amounts, "month": facets.months}
        return {name: choices(self.asked, self.found_facets) for name, choices in kinds.items()}

    @property
    def sorts(self) -> list[tuple[str, str]]:
        """In which orders the result may be."""
        return [*SORTS.items()]

    @property
    def chips(self) -> list[Chip]:
        """What is chosen."""
        return facets.chips(self.asked)

    @property
    def unfiltered(self) -> Address:
        """The text alone."""
        return self.asked.changed(**dict.fromkeys(FILTERS, ""))

    @property
    def first_page(self) -> Address:
        """The same search, from its start."""
        return self.asked.changed()

    @property
    def heads(self) -> list[Head]:
        """The table's heads."""
        return [self._head(name, label) for name, label in COLUMNS.items()]

    def _head(self, name: str, label: str) -> Head:
        if not name:
            return Head(label, "status", "", None)
        is_up, is_down = self.sorted_by == name, self.sorted_by == f"-{name}"
        goes_down = is_up or (name in DOWNWARDS and not is_down)
        direction = "ascending" if is_up else "descending" if is_down else ""
        return Head(label, name, direction, self.asked.changed(sort=f"-{name}" if goes_down else name))


def look(asked: Address) -> Result:
    """Search. What goes wrong is in the answer."""
    given = SearchParameters(data=asked.parameters)
    if not given.is_valid():
        return Result(asked, status=400, problems=_problems(given.errors))
    # Not lasting: the engine keeps nothing for a letter that is typed, nor for a page that nobody scrolls down.
    options: dict[str, Any] = {"page_size": PAGE_SIZE, "facets": FACETS, "highlight": True, "lasting": False}
    wanted = Wanted.of(given.validated_data | options)
    try:
        return _found(asked, wanted, find(wanted))
    except (InvalidQuery, InvalidCursor) as error:
        name = "q" if isinstance(error, InvalidQuery) else "cursor"
        return Result(asked, status=400, problems={name: [str(error)]})
    except CursorExpired:
        return Result(asked, status=410, failure="This list has grown too old to go on with.")
    except SearchError as error:
        logger.warning("search failed: %s", error)
        return _down(asked, error)


def completions(query: QueryDict) -> list[str]:
    """What the text may become: numbers, then customers, then skus. None where there is no answer: nobody waits for it.

    The text itself is none: a browser that has put one in would offer it once more.
    """
    given = SuggestParameters(data=query)
    if not given.is_valid():
        return []
    typed = given.validated_data["q"]
    try:
        found = suggest(typed)
    except SearchError:
        return []
    texts = [each["text"] for kind in ("order_numbers", "customers", "skus") for each in found[kind]]
    return [text for text in dict.fromkeys(texts) if text.casefold() != typed.casefold()]


def _problems(errors: Any) -> dict[str, list[str]]:
    return {name: [str(error) for error in found] for name, found in errors.items()}


def _found(asked: Address, wanted: Wanted, found: Found) -> Result:
    corrected = found.did_you_mean
    return Result(
        asked,
        rows=rows_found(found.results),
        count=found.count,
        next=Address({**asked.query, "cursor": [found.cursor]}) if found.cursor else None,
        did_you_mean=asked.changed(q=corrected) if corrected else None,
        forgiven=found.forgiven,
        sorted_by=wanted.order,
        found_facets=found.facets,
        charts=_charts(asked, wanted, found),
    )


def _charts(asked: Address, wanted: Wanted, found: Found) -> list[Chart]:
    """By orders, and by amounts in one currency: the one chosen, else the most frequent."""
    known = found.facets or {}
    if wanted.cursor or len(known.get("month", [])) < 2:
        return []
    frequent = wanted.currency or [each["value"] for each in known["currency"] if each["value"]]
    charts = [chart.orders(asked, known["month"])]
    if frequent:
        charts.append(chart.amounts(asked, known["month"], frequent[0]))
    return [each for each in charts if each]


def _down(asked: Address, error: SearchError) -> Result:
    """No answer: the newest orders are shown as the database has them, and the one with just this number."""
    failure = SLOW if isinstance(error, SearchTooSlow) else DOWN
    if asked.get("cursor"):
        return Result(asked, status=503, failure=failure)
    return Result(asked, status=503, failure=failure, rows=rows_kept(_kept(asked.get("q"))))


def _kept(number: str) -> list[Order]:
    """The order with this number, else the newest."""
    orders = Order.objects.prefetch_related("lines")
    return [*orders.filter(order_number=number)] or [*orders[:PAGE_SIZE]]
