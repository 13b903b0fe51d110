"""The search endpoints."""

import logging
from collections.abc import Callable
from typing import Any

from django.http import HttpResponseBase, StreamingHttpResponse
from rest_framework import status
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import remove_query_param, replace_query_param
from rest_framework.views import APIView

from order_search import openapi
from order_search.documents import OrderDocument
from order_search.serializers import ExportParameters, HighlightedOrder, SearchParameters, SuggestParameters
from search.exceptions import CursorExpired, InvalidCursor, InvalidQuery, SearchError, SearchTooSlow
from search.push.freshness import ensure_fresh
from search.query.export import Export
from search.query.params import Parameters
from search.query.request import Found, Wanted
from search.query.search import find
from search.query.suggest import suggest
from search.row_status import row_status

logger = logging.getLogger(__name__)
RETRY_AFTER = 5  # seconds
DOWN = "Search does not answer now. Orders are still taken, and will be found when it is back."
SLOW = "This search takes too long. Search for less, or again in a moment."


class Gone(APIException):
    """What the client goes on with is no more."""

    status_code = status.HTTP_410_GONE


class SearchView(APIView):
    """What the views that ask the engine share: their parameters, and what they answer when it has no answer."""

    parameters: type[Parameters]

    def get(self, request: Request) -> HttpResponseBase:
        given = self.parameters(data=request.query_params)
        given.is_valid(raise_exception=True)
        wanted = dict(given.validated_data)
        headers = {"X-Search-Fresh": str(ensure_fresh())} if wanted.pop("fresh", False) else {}
        return answered(lambda: self.answer(request, wanted), headers)

    def answer(self, request: Request, wanted: dict[str, Any]) -> HttpResponseBase:
        """What is wanted."""
        raise NotImplementedError


@openapi.search
class OrderSearch(SearchView):
    """GET /orders/search?q=: orders by their words, with filters, facets and highlights, in pages.

    Without `page`, `next` leads through the result as it was at its first page, at any depth, whatever changes
    meanwhile. `fresh=true` first pushes what waits, so that every change committed before the search is seen; the
    answer's `X-Search-Fresh` says whether that was done in time.
    """

    parameters = SearchParameters

    def answer(self, request: Request, wanted: dict[str, Any]) -> Response:
        search = Wanted.of(wanted)
        found = find(search)
        facets = {} if found.facets is None else {"facets": found.facets}
        return Response(
            {
                "count": found.count,
                **beside(request.build_absolute_uri(), search, found),
                "did_you_mean": found.did_you_mean,
                **facets,
                "results": HighlightedOrder(found.results, many=True, only=search.fields).data,
            }
        )


@openapi.export
class OrderExport(SearchView):
    """GET /orders/search/export?format=csv|ndjson: the whole result of a search, as it is at this moment."""

    parameters = ExportParameters

    def perform_content_negotiation(self, request: Request, force: bool = False) -> Any:
        """`format` chooses what is answered; an error is JSON whatever the client accepts."""
        renderer = self.get_renderers()[0]
        return renderer, renderer.media_type

    def answer(self, request: Request, wanted: dict[str, Any]) -> StreamingHttpResponse:
        name = wanted["format"]
        export = Export(Wanted.of(wanted), name)
        disposition = {"Content-Disposition": f'attachment; filename="orders.{name}"'}
        return StreamingHttpResponse(export, content_type=export.format.content_type, headers=disposition)


@openapi.suggest
class OrderSuggest(SearchView):
    """GET /orders/suggest?q=: order numbers, customers and skus that begin so, while a user types."""

    parameters = SuggestParameters

    def answer(self, request: Request, wanted: dict[str, Any]) -> Response:
        return Response(suggest(wanted["q"]))


@openapi.search_status
class OrderSearchStatus(APIView):
    """GET /orders/<id>/search-status: where one order stands: its version, its entry, and what each index holds."""

    def get(self, request: Request, pk: int) -> Response:
        found = row_status(OrderDocument.django.model, pk)
        # An order that is gone everywhere is as unknown as one that never was.
        gone = found["status"] == "absent" and found["version"] is None
        return Response(found, status=404 if gone else 200)


def beside(url: str, wanted: Wanted, found: Found) -> dict[str, str | None]:
    """The addresses of the pages beside this one."""
    following = previous = None
    if found.cursor:  # what is fresh now will not be then: the result goes on as it is
        following = replace_query_param(
            remove_query_param(remove_query_param(url, "page"), "fresh"), "cursor", found.cursor
        )
    elif wanted.page and wanted.page * wanted.page_size < found.count:
        following = replace_query_param(url, "page", wanted.page + 1)
    if wanted.page and wanted.page > 1:
        previous = replace_query_param(url, "page", wanted.page - 1)
    return {"next": following, "previous": previous}


def answered(answer: Callable[[], HttpResponseBase], headers: dict[str, str]) -> HttpResponseBase:
    """The answer, or what is said instead when there is none."""
    try:
        response = answer()
    except InvalidQuery as error:
        raise ValidationError({"q": str(error)}) from error
    except InvalidCursor as error:
        raise ValidationError({"cursor": str(error)}) from error
    except CursorExpired as error:
        raise Gone({"cursor": str(error)}, code="cursor_expired") from error
    except SearchError as error:  # no exception of DRF's: that would be a traceback in the log for every request
        logger.warning("search failed: %s", error)
        response = unavailable(error)
    for name, value in headers.items():
        response[name] = value
    return response


def unavailable(error: SearchError) -> Response:
    """503: the engine does not answer, or not in time."""
    code, detail = ("search_too_slow", SLOW) if isinstance(error, SearchTooSlow) else ("search_unavailable", DOWN)
    body = {"type": "server_error", "errors": [{"code": code, "detail": detail, "attr": None}]}
    return Response(body, status=503, headers={"Retry-After": str(RETRY_AFTER)})
