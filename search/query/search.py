"""One search, from a request to a result. Needs no HTTP."""

from contextlib import suppress
from dataclasses import dataclass, replace
from time import sleep
from typing import Any

from elasticsearch import ApiError

from ..exceptions import SearchError
from . import facets, highlights
from .client import DeadlineClient
from .cursor import CursorPosition, decode_cursor, encode_cursor
from .did_you_mean import did_you_mean
from .parser import ParsedQuery, parse
from .queries import Query, build_query, facet_filters, other_filters
from .request import SearchRequest, SearchResult

INDEX_DELETED = {404, 503}
# Seconds between the attempts while an index is being deleted, which takes the engine a while.
PAUSES = (0.0, 0.02, 0.05, 0.1, 0.2)
MAX_RESULT_WINDOW = 10_000  # results that numbered pages reach: Elasticsearch's index.max_result_window


def search(request: SearchRequest, client: DeadlineClient | None = None, *, correct: bool = True) -> SearchResult:
    """Return a page of the result; with `correct` a first page also says what the user may have meant.

    Raise InvalidQuery, InvalidCursor, CursorExpired, or what says why the engine has no answer.
    """
    running = Search(request, parse(request.q), client or DeadlineClient(request.schema.alias))
    if request.cursor:
        return running.next_page(decode_cursor(request.cursor, request.key))
    for pause in PAUSES:
        try:
            return running.first_page(correct)
        except SearchError as error:
            if not _is_index_deleted(error):
                raise
        sleep(pause)  # the alias soon names the next index
    return running.first_page(correct)


@dataclass(frozen=True)
class Search:
    """One search in progress."""

    request: SearchRequest
    text: ParsedQuery
    client: DeadlineClient

    def first_page(self, correct: bool) -> SearchResult:
        request = self.request
        pit = self.client.open_point_in_time() if request.page is None and request.open_pit else ""
        position = CursorPosition(pit, (), ((request.page or 1) - 1) * request.page_size, False)
        response = self.fetch(position)
        if not _count(response) and self.needs_fuzzy():
            position = position.with_fuzzy()
            response = self.fetch(position)
        result = self.result(response, position)
        self.close_pit(pit, result)
        if correct:
            count = 0 if position.fuzzy else result.count
            result.did_you_mean = did_you_mean(request.schema, self.text, count, self.client)
        return result

    def next_page(self, position: CursorPosition) -> SearchResult:
        """Return the page at a cursor. Open the point in time if the first page did without."""
        new_pit = "" if position.pit else self.client.open_point_in_time()
        position = replace(position, pit=position.pit or new_pit)
        result = self.result(self.fetch(position), position)
        self.close_pit(new_pit, result)
        return result

    def fetch(self, position: CursorPosition) -> dict[str, Any]:
        return self.client.search(self.body(position), position.pit)

    def body(self, position: CursorPosition) -> dict[str, Any]:
        request = self.request
        body: dict[str, Any] = {"track_total_hits": True, "size": request.page_size}
        body |= {"search_after": [*position.after]} if position.after else {"from": position.seen}
        body |= self.filtered_query(position.fuzzy) | {"sort": request.schema.sorts[request.sort_name]}
        if request.highlight and self.text.terms:
            body["highlight"] = highlights.highlight(request.schema, self.text, fuzzy=position.fuzzy)
        if request.fields:
            body["_source"] = [*request.fields]
        return body

    def filtered_query(self, fuzzy: bool) -> dict[str, Any]:
        """Return query and filters. Facets count what their own filter hides, so with facets filters come later."""
        request = self.request
        own = facet_filters(request)
        always = other_filters(request)
        must = [self.query(fuzzy=fuzzy)]
        if not request.facets:
            return {"query": {"bool": {"must": must, "filter": [*always, *own.values()]}}}
        return {
            "query": {"bool": {"must": must, "filter": always}},
            "aggs": facets.aggregations(request.schema.facets, request.facets, own),
            "post_filter": {"bool": {"filter": [*own.values()]}},
        }

    def query(self, *, fuzzy: bool) -> Query:
        return build_query(self.request.schema, self.text, fuzzy=fuzzy)

    def needs_fuzzy(self) -> bool:
        """Whether the exact query matches nothing without filters: filters must not change the interpretation."""
        if not any(term.allows_fuzzy for term in self.text.terms):
            return False
        if not self.request.filters:
            return True
        return not _count(self.client.search({"query": self.query(fuzzy=False), "size": 0, "track_total_hits": 1}))

    def result(self, response: dict[str, Any], position: CursorPosition) -> SearchResult:
        schema, names = self.request.schema, self.request.facets
        return SearchResult(
            count=_count(response),
            results=[self._source(hit) for hit in response["hits"]["hits"]],
            cursor=self.next_cursor(response, position),
            facets=facets.read_facets(schema.facets, names, response["aggregations"]) if names else None,
            is_fuzzy=position.fuzzy,
        )

    def _source(self, hit: dict[str, Any]) -> dict[str, Any]:
        source: dict[str, Any] = {**hit.get("_source", {})}
        if "highlight" in hit:
            source["highlight"] = highlights.read_highlights(self.request.schema, hit["highlight"])
        return source

    def next_cursor(self, response: dict[str, Any], position: CursorPosition) -> str | None:
        """Return the cursor of the next page. Numbered pages have none, except the last reachable one."""
        hits = response["hits"]["hits"]
        seen = position.seen + len(hits)
        if not hits or seen >= _count(response):
            return None
        pit = response.get("pit_id", position.pit)
        if self.request.page is not None:
            if seen + self.request.page_size <= MAX_RESULT_WINDOW:
                return None
            pit = self.client.open_point_in_time()
        following = CursorPosition(pit, tuple(hits[-1]["sort"]), seen, position.fuzzy)
        return encode_cursor(following, self.request.key)

    def close_pit(self, pit: str, result: SearchResult) -> None:
        """Close a point in time opened by the last page; keep older ones, their page may be requested again."""
        if pit and not result.cursor:
            with suppress(SearchError):  # it expires anyway
                self.client.close_point_in_time(pit)


def _is_index_deleted(error: SearchError) -> bool:
    """Whether the engine answers as for an index that a rebuild deletes before a search or during it."""
    return isinstance(error.__cause__, ApiError) and error.__cause__.status_code in INDEX_DELETED


def _count(response: dict[str, Any]) -> int:
    return int(response["hits"]["total"]["value"])
