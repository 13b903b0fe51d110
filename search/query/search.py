"""Finding orders: what is wanted in, what is found out. Needs no HTTP."""

from contextlib import suppress
from dataclasses import dataclass, replace
from time import sleep
from typing import Any

from elasticsearch import ApiError

from ..exceptions import SearchError
from . import cursor, facets, filters, highlights, queries
from .client import Asking
from .cursor import Place
from .did_you_mean import correction
from .parser import Text, parse
from .queries import Query
from .request import SORTS, Found, Key, Wanted

DELETED = {404, 503}
# Seconds between the attempts while an index is deleted: the engine takes its time.
PAUSES = (0.0, 0.02, 0.05, 0.1, 0.2)
REACH = 10_000  # documents from the first that a page may show: Elasticsearch's max_result_window


def find(wanted: Wanted, asking: Asking | None = None, *, correct: bool = True) -> Found:
    """Find orders. Raises InvalidQuery, InvalidCursor, CursorExpired, or what says that the engine has no answer."""
    finding = Finding(wanted, parse(wanted.q), asking or Asking())
    if wanted.cursor:
        return finding.go_on(cursor.read(wanted))
    for pause in PAUSES:
        try:
            return finding.begin(correct)
        except SearchError as error:
            if not _is_deleted(error):
                raise
        sleep(pause)  # soon the alias names the next index for this search too
    return finding.begin(correct)


@dataclass(frozen=True)
class Finding:
    """One search under way."""

    wanted: Wanted
    text: Text
    asking: Asking

    def begin(self, correct: bool) -> Found:
        """The first page, or the one that has the wanted number."""
        point = self.asking.open() if self.wanted.page is None and self.wanted.lasting else ""
        place = Place(point, (), ((self.wanted.page or 1) - 1) * self.wanted.page_size, False)
        answer = self.ask(place)
        if not _count(answer) and self.misspelt():
            place = place.forgivingly()
            answer = self.ask(place)
        found = self.found(answer, place)
        self.end(point, found)
        if correct:
            found.did_you_mean = correction(self.text, 0 if place.forgiving else found.count, self.asking)
        return found

    def go_on(self, place: Place) -> Found:
        """The page at a cursor. If the first page could do without a point in time, this one begins it."""
        point = "" if place.point else self.asking.open()
        place = replace(place, point=place.point or point)
        found = self.found(self.ask(place), place)
        self.end(point, found)
        return found

    def ask(self, place: Place) -> dict[str, Any]:
        """The engine's answer for the page at a place."""
        return self.asking.answer(self.search(place), place.point)

    def search(self, place: Place) -> dict[str, Any]:
        """The search for the page at a place."""
        wanted = self.wanted
        search: dict[str, Any] = {"track_total_hits": True, "size": wanted.page_size}
        search |= {"search_after": [*place.after]} if place.after else {"from": place.seen}
        search |= self.matching(place) | {"sort": [_key(key) for key in SORTS[wanted.order]]}
        if wanted.highlight and self.text.terms:
            search["highlight"] = highlights.highlight(self.text, place.forgiving)
        if wanted.fields:
            search["_source"] = [*wanted.fields]
        return search

    def matching(self, place: Place) -> dict[str, Any]:
        """The query and its filters. Facets count what their own filter hides, so with them filters come after."""
        chosen = filters.facet_filters(self.wanted)
        always = filters.other_filters(self.wanted)
        must = [self.query(place.forgiving)]
        if not self.wanted.facets:
            return {"query": {"bool": {"must": must, "filter": [*always, *chosen.values()]}}}
        return {
            "query": {"bool": {"must": must, "filter": always}},
            "aggs": facets.aggregations(self.wanted.facets, chosen),
            "post_filter": {"bool": {"filter": [*chosen.values()]}},
        }

    def query(self, forgiving: bool) -> Query:
        """What the text asks for."""
        return queries.forgivingly(self.text) if forgiving else queries.strictly(self.text)

    def misspelt(self) -> bool:
        """Whether no order at all has the words as they are typed: how a text is read depends on no filter."""
        if not any(term.forgives for term in self.text.terms):
            return False
        if not filters.facet_filters(self.wanted) and not filters.other_filters(self.wanted):
            return True
        return not _count(self.asking.answer({"query": self.query(False), "size": 0, "track_total_hits": 1}))

    def found(self, answer: dict[str, Any], place: Place) -> Found:
        """The answer as this package gives it."""
        hits = answer["hits"]["hits"]
        names = self.wanted.facets
        return Found(
            count=_count(answer),
            results=[_result(hit) for hit in hits],
            cursor=self.next(answer, place),
            facets=facets.read(answer["aggregations"], names) if names else None,
            forgiven=place.forgiving,
        )

    def next(self, answer: dict[str, Any], place: Place) -> str | None:
        """The cursor of the page after the one at a place. A numbered page has none, but the last that has a number."""
        hits = answer["hits"]["hits"]
        seen = place.seen + len(hits)
        if not hits or seen >= _count(answer):
            return None
        point = answer.get("pit_id", place.point)
        if self.wanted.page is not None:
            if seen + self.wanted.page_size <= REACH:
                return None
            point = self.asking.open()
        return cursor.write(Place(point, tuple(hits[-1]["sort"]), seen, place.forgiving), self.wanted)

    def end(self, point: str, found: Found) -> None:
        """Let a point in time go that began with the last page. An older one is kept: its page may be asked again."""
        if point and not found.cursor:
            with suppress(SearchError):  # it ends by itself too
                self.asking.close(point)


def _is_deleted(error: SearchError) -> bool:
    """Whether the engine says what it says of an index that a rebuild deletes before a search or under it."""
    return isinstance(error.__cause__, ApiError) and error.__cause__.status_code in DELETED


def _key(key: Key) -> Key:
    """A key to sort by as the engine takes it."""
    return {key[1:]: {"order": "desc"}} if isinstance(key, str) and key.startswith("-") else key


def _count(answer: dict[str, Any]) -> int:
    return int(answer["hits"]["total"]["value"])


def _result(hit: dict[str, Any]) -> dict[str, Any]:
    """A document's source, and where the text is in it."""
    shown = {"highlight": highlights.read(hit["highlight"])} if "highlight" in hit else {}
    return {**hit.get("_source", {}), **shown}
