"""The cursor: one result to its end, as it was at the beginning, and no other."""

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
from tests.search.lacking import embedded_lacks

PATIENCE = 30  # seconds


def request(**params: Any) -> SearchRequest:
    return SearchRequest.from_validated_data(ORDERS, params)


def find(request: SearchRequest, name: str) -> SearchResult:
    return search(request, DeadlineClient(index=name, seconds=PATIENCE))


def position(request: SearchRequest) -> CursorPosition:
    return decode_cursor(request.cursor, request.key)


def pages(wanted: SearchRequest, name: str) -> Iterator[list[int]]:
    """The ids of each page, to the last."""
    while True:
        found = find(wanted, name)
        yield [order["id"] for order in found.results]
        if not found.cursor:
            return
        wanted = replace(wanted, cursor=found.cursor)


class TestWithoutAnEngine:
    """What is signed and what is refused."""

    place = CursorPosition("a point", (1.5, 7), 20, True)

    def test_a_place_comes_back(self) -> None:
        wanted = request(q="jane", status=("paid",))
        assert decode_cursor(encode_cursor(self.place, wanted.key), wanted.key) == self.place

    def test_another_part_and_form_is_the_same_search(self) -> None:
        written = encode_cursor(self.place, request(q="jane").key)
        assert position(request(q="jane", cursor=written, page_size=7, highlight=True, fields=("id",))) == self.place

    @pytest.mark.parametrize("other", [{"q": "john"}, {"status": ("paid",)}, {"sort": "total"}, {"sku": "a"}])
    def test_another_search_is_refused(self, other: dict[str, Any]) -> None:
        written = encode_cursor(self.place, request(q="jane").key)
        with pytest.raises(InvalidCursor):
            position(request(**{"q": "jane", "cursor": written} | other))

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
    def test_what_this_service_has_not_signed_so_is_refused(self, broken: str) -> None:
        with pytest.raises(InvalidCursor):
            position(request(cursor=broken))

    def test_a_changed_cursor_is_refused(self) -> None:
        written = encode_cursor(self.place, request().key)
        with pytest.raises(InvalidCursor):
            position(request(cursor=written[:-1] + ("A" if written[-1] != "A" else "B")))


@pytest.mark.engine
@pytest.mark.conformance
class TestPages:
    """In an engine."""

    @pytest.mark.parametrize("sort", ["relevance", "-relevance", "created", "total", "-customer"])
    def test_every_order_comes_once(self, index: str, sort: str) -> None:
        whole = find(request(q="ord", sort=sort, page=1, page_size=200), index).results
        got = list(pages(request(q="ord", sort=sort, page_size=7), index))
        assert [key for page in got for key in page] == [order["id"] for order in whole]
        assert [len(page) for page in got] == [7, 7, 7, 7, len(whole) - 28]

    def test_a_whole_number_of_pages_has_no_empty_one(self, index: str) -> None:
        assert [len(page) for page in pages(request(page_size=100), index)] == [100] * 5

    def test_errors_are_forgiven_on_every_page(self, index: str) -> None:
        assert [len(page) for page in pages(request(q="umbrela", page_size=1), index)] == [1, 1]

    def test_a_result_stays_as_it_was_while_orders_come_change_and_go(self) -> None:
        with index_of(five_hundred()[:40]) as name:
            wanted = request(sort="total", page_size=10)
            before = [order["id"] for order in find(replace(wanted, page=1, page_size=200), name).results]
            got, found = [], find(wanted, name)
            for at in range(4):
                got += [order["id"] for order in found.results]
                assert found.count == 40
                first, last = before[at], before[-1 - at]  # one that was seen, and one that was not
                for key, total in ((first, 9_999), (last, 0), (900 + at, 300)):
                    changed = source(key, f"NEW-{key}", "New", "", []) | {"total_amount": total}
                    client().index(index=name, id=str(key), document=changed, refresh=True)
                client().delete(index=name, id=str(before[-6 - at]), refresh=True)
                if found.cursor:
                    found = find(replace(wanted, cursor=found.cursor), name)
            assert got == before
            assert find(wanted, name).count == 40  # four came, four went

    def test_a_page_can_be_asked_for_again(self, index: str) -> None:
        wanted = request(page_size=100)
        second = replace(wanted, cursor=find(wanted, index).cursor or "")
        assert find(second, index).results == find(second, index).results

    def test_a_point_in_time_that_has_ended_is_an_expired_cursor(self, index: str) -> None:
        wanted = request(page_size=100)
        second = replace(wanted, cursor=find(wanted, index).cursor or "")
        DeadlineClient(index).close_point_in_time(position(second).pit)
        with pytest.raises(CursorExpired):
            find(second, index)

    def test_a_result_that_need_not_last_stays_from_its_second_page_on(self) -> None:
        some = five_hundred()[:40]
        newest_first = [order["id"] for order in reversed(some)]
        with index_of(some) as name:
            wanted, got = request(page_size=10, open_pit=False), []
            for at in (10, 25, 35):  # an order that has not been seen when it is deleted
                found = find(wanted, name)
                got.append([order["id"] for order in found.results])
                wanted = replace(wanted, cursor=found.cursor or "")
                client().delete(index=name, id=str(newest_first[at]), refresh=True)
            got.append([order["id"] for order in find(wanted, name).results])
        assert got == [newest_first[:10], newest_first[11:21], newest_first[21:31], newest_first[31:]]

    @embedded_lacks("keeps a point in time beyond its index")
    def test_an_index_that_is_gone_is_an_expired_cursor(self) -> None:
        with index_of(five_hundred()[:3]) as name:
            second = request(
                page_size=1,
                cursor=find(request(page_size=1), name).cursor or "",
            )
        with pytest.raises(CursorExpired):
            find(second, name)

    @pytest.mark.real
    def test_the_engine_keeps_what_can_be_gone_on_with_and_nothing_else(self) -> None:
        with index_of(five_hundred()[:20]) as name:

            def look(**wanted: Any) -> SearchResult:
                return find(request(**{"page_size": 10, **wanted}), name)

            look(page_size=20)  # all
            look(page=1)
            typed = [look(q=text, open_pit=False) for text in ("", "o", "or", "ord", "ord-")]
            points_in_time(name, 0)
            second = look(q="ord-", open_pit=False, cursor=typed[-1].cursor)
            assert (len(second.results), second.cursor) == (10, None)
            points_in_time(name, 0)  # the last page needs no other
            look(q="ord-", open_pit=False, page_size=5, cursor=typed[-1].cursor)
            points_in_time(name, 1)
            look()
            points_in_time(name, 2)

    @pytest.mark.slow
    @pytest.mark.real
    def test_it_goes_on_past_the_10_000th_and_takes_over_from_the_last_numbered_page(self) -> None:
        many = 12_000
        with index_of({"id": at, "created_at": 86_400_000 * (at // 7)} for at in range(many)) as name:
            got = [key for page in pages(request(page_size=200), name) for key in page]
            assert got == [*range(many - 1, -1, -1)]
            last = find(request(page=50, page_size=200), name)
            assert last.cursor is not None
            rest = [key for page in pages(request(page_size=200, cursor=last.cursor), name) for key in page]
            assert rest == [*range(many - 10_001, -1, -1)]
