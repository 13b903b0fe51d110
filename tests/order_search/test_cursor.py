"""The cursor: it leads through one result to its end, as it was at the first page."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from django.core import signing

from order_search.fields import ORDERS
from search.client import client
from search.exceptions import CursorExpired, InvalidCursor
from search.query.client import DeadlineClient
from search.query.cursor import SALT, CursorPosition, decode_cursor, encode_cursor
from search.query.request import SearchRequest, SearchResult
from search.query.search import search
from tests.order_search.conftest import index_of, points_in_time
from tests.order_search.five_hundred import five_hundred, source
from tests.search.expected_failures import fails_on_embedded_engine

PATIENCE = 30  # seconds


def build_request(**params: Any) -> SearchRequest:
    return SearchRequest.from_validated_data(ORDERS, params)


def find(request: SearchRequest, name: str) -> SearchResult:
    return search(request, DeadlineClient(index=name, seconds=PATIENCE))


def position(request: SearchRequest) -> CursorPosition:
    return decode_cursor(request.cursor, request.key)


def pages(request: SearchRequest, name: str) -> Iterator[list[int]]:
    """Yield the ids of each page, to the last."""
    while True:
        result = find(request, name)
        yield [order["id"] for order in result.results]
        if not result.cursor:
            return
        request = replace(request, cursor=result.cursor)


class TestWithoutAnEngine:
    """What is signed and what is refused."""

    place = CursorPosition("a point", (1.5, 7), 20, True)

    def test_a_position_is_decoded(self) -> None:
        request = build_request(q="jane", status=("paid",))
        assert decode_cursor(encode_cursor(self.place, request.key), request.key) == self.place

    def test_another_page_size_and_form_is_the_same_search(self) -> None:
        written = encode_cursor(self.place, build_request(q="jane").key)
        assert (
            position(build_request(q="jane", cursor=written, page_size=7, highlight=True, fields=("id",))) == self.place
        )

    @pytest.mark.parametrize("other", [{"q": "john"}, {"status": ("paid",)}, {"sort": "total"}, {"sku": "a"}])
    def test_another_search_is_refused(self, other: dict[str, Any]) -> None:
        written = encode_cursor(self.place, build_request(q="jane").key)
        with pytest.raises(InvalidCursor):
            position(build_request(**{"q": "jane", "cursor": written} | other))

    @pytest.mark.parametrize(
        "broken",
        [
            "x",
            "x:y:z",
            signing.dumps([1], salt=SALT),
            signing.dumps(7, salt=SALT),
            signing.dumps(["k", "p", [], 0, False]),
        ],
        ids=["no text of ours", "no signature", "a short list", "no list", "another's"],  # the signatures hold the time
    )
    def test_what_this_service_has_not_signed_is_refused(self, broken: str) -> None:
        with pytest.raises(InvalidCursor):
            position(build_request(cursor=broken))

    def test_a_changed_cursor_is_refused(self) -> None:
        written = encode_cursor(self.place, build_request().key)
        with pytest.raises(InvalidCursor):
            position(build_request(cursor=written[:-1] + ("A" if written[-1] != "A" else "B")))


@pytest.mark.engine
@pytest.mark.conformance
class TestPages:
    """In an engine."""

    @pytest.mark.parametrize("sort", ["relevance", "-relevance", "created", "total", "-customer"])
    def test_every_order_comes_once(self, index: str, sort: str) -> None:
        whole = find(build_request(q="ord", sort=sort, page=1, page_size=200), index).results
        ids = list(pages(build_request(q="ord", sort=sort, page_size=7), index))
        assert [key for page in ids for key in page] == [order["id"] for order in whole]
        assert [len(page) for page in ids] == [7, 7, 7, 7, len(whole) - 28]

    def test_a_whole_number_of_pages_has_no_empty_one(self, index: str) -> None:
        assert [len(page) for page in pages(build_request(page_size=100), index)] == [100] * 5

    def test_errors_are_forgiven_on_every_page(self, index: str) -> None:
        assert [len(page) for page in pages(build_request(q="umbrela", page_size=1), index)] == [1, 1]

    def test_a_result_stays_as_it_was_while_orders_change(self) -> None:
        with index_of(five_hundred()[:40]) as name:
            request = build_request(sort="total", page_size=10)
            before = [order["id"] for order in find(replace(request, page=1, page_size=200), name).results]
            ids, result = [], find(request, name)
            for at in range(4):
                ids += [order["id"] for order in result.results]
                assert result.count == 40
                first, last = before[at], before[-1 - at]  # one that was seen, and one that was not
                for key, total in ((first, 9_999), (last, 0), (900 + at, 300)):
                    changed = source(key, f"NEW-{key}", "New", "", []) | {"total_amount": total}
                    client().index(index=name, id=str(key), document=changed, refresh=True)
                client().delete(index=name, id=str(before[-6 - at]), refresh=True)
                if result.cursor:
                    result = find(replace(request, cursor=result.cursor), name)
            assert ids == before
            assert find(request, name).count == 40  # four came, four went

    def test_a_page_can_be_asked_for_again(self, index: str) -> None:
        request = build_request(page_size=100)
        second = replace(request, cursor=find(request, index).cursor or "")
        assert find(second, index).results == find(second, index).results

    def test_a_point_in_time_that_has_ended_is_an_expired_cursor(self, index: str) -> None:
        request = build_request(page_size=100)
        second = replace(request, cursor=find(request, index).cursor or "")
        DeadlineClient(index).close_point_in_time(position(second).pit)
        with pytest.raises(CursorExpired):
            find(second, index)

    def test_without_open_pit_a_result_stays_from_its_second_page_on(self) -> None:
        some = five_hundred()[:40]
        newest_first = [order["id"] for order in reversed(some)]
        with index_of(some) as name:
            request, ids = build_request(page_size=10, open_pit=False), []
            for at in (10, 25, 35):  # an order on a later page
                result = find(request, name)
                ids.append([order["id"] for order in result.results])
                request = replace(request, cursor=result.cursor or "")
                client().delete(index=name, id=str(newest_first[at]), refresh=True)
            ids.append([order["id"] for order in find(request, name).results])
        assert ids == [newest_first[:10], newest_first[11:21], newest_first[21:31], newest_first[31:]]

    @fails_on_embedded_engine("keeps a point in time beyond its index")
    def test_an_index_that_is_gone_is_an_expired_cursor(self) -> None:
        with index_of(five_hundred()[:3]) as name:
            second = build_request(
                page_size=1,
                cursor=find(build_request(page_size=1), name).cursor or "",
            )
        with pytest.raises(CursorExpired):
            find(second, name)

    @pytest.mark.real
    def test_the_engine_keeps_only_what_a_cursor_refers_to(self) -> None:
        with index_of(five_hundred()[:20]) as name:

            def fetch(**params: Any) -> SearchResult:
                return find(build_request(**{"page_size": 10, **params}), name)

            fetch(page_size=20)  # all
            fetch(page=1)
            pages_typed = [fetch(q=text, open_pit=False) for text in ("", "o", "or", "ord", "ord-")]
            points_in_time(name, 0)
            second = fetch(q="ord-", open_pit=False, cursor=pages_typed[-1].cursor)
            assert (len(second.results), second.cursor) == (10, None)
            points_in_time(name, 0)  # the last page needs no other
            fetch(q="ord-", open_pit=False, page_size=5, cursor=pages_typed[-1].cursor)
            points_in_time(name, 1)
            fetch()
            points_in_time(name, 2)

    @pytest.mark.slow
    @pytest.mark.real
    def test_it_continues_past_the_10_000th_result_and_after_the_last_numbered_page(self) -> None:
        many = 12_000
        with index_of({"id": at, "created_at": 86_400_000 * (at // 7)} for at in range(many)) as name:
            ids = [key for page in pages(build_request(page_size=200), name) for key in page]
            assert ids == [*range(many - 1, -1, -1)]
            last = find(build_request(page=50, page_size=200), name)
            assert last.cursor is not None
            rest = [key for page in pages(build_request(page_size=200, cursor=last.cursor), name) for key in page]
            assert rest == [*range(many - 10_001, -1, -1)]
