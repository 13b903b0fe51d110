"""The search endpoint."""

import logging
from time import monotonic
from typing import Any

from elasticsearch import ApiError
from elasticsearch.dsl import Search
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param
from rest_framework.views import APIView

from search import queries
from search.documents import OrderDocument
from search.exceptions import SearchError
from search.explain import explain
from search.index.engine import client, engine_errors
from search.serializers import FoundOrder, SearchParameters
from search.sync.fresh import freshen

log = logging.getLogger("search.views")
TIMEOUT = 0.8  # seconds; the answer that there is none must come within 1 s
RETRY_AFTER = 5  # seconds
DELETED = {404, 503}  # what a search is answered whose index is deleted before it begins, or under it
UNAVAILABLE = {
    "type": "server_error",
    "errors": [
        {
            "code": "search_unavailable",
            "detail": "Search does not answer now. Orders are still taken, and will be found when it is back.",
            "attr": None,
        }
    ],
}


class OrderSearch(APIView):
    """GET /orders/search?q=: orders by customer and number, newest first, in pages.

    `fresh=true` first pushes what waits, so that every change committed before the search is seen; the answer's
    `X-Search-Fresh` says whether that was done in time.
    """

    def get(self, request: Request) -> Response:
        parameters = SearchParameters(data=request.query_params)
        parameters.is_valid(raise_exception=True)
        wanted = dict(parameters.validated_data)
        headers = {"X-Search-Fresh": str(freshen())} if wanted.pop("fresh") else {}
        try:
            return Response(answer(request, **wanted), headers=headers)
        except SearchError as error:  # no exception of DRF's: that would be a traceback in the log for every request
            log.warning("search failed: %s", error)
            return Response(UNAVAILABLE, status=503, headers=headers | {"Retry-After": str(RETRY_AFTER)})


class OrderSearchStatus(APIView):
    """GET /orders/<id>/search-status: where one order stands: its version, its entry, and what each index holds."""

    def get(self, request: Request, pk: int) -> Response:
        found = explain(OrderDocument.django.model, pk)
        # An order that is gone everywhere is as unknown as one that never was.
        gone = found["status"] == "absent" and found["version"] is None
        return Response(found, status=404 if gone else 200)


def answer(request: Request, q: str, page: int, page_size: int) -> dict[str, Any]:
    """One page: the exact count, the pages beside it, and the orders."""
    search = queries.orders(q, using=client(request_timeout=TIMEOUT))
    with engine_errors():
        found = execute(search[(page - 1) * page_size : page * page_size])
    count = found.hits.total.value
    url = request.build_absolute_uri()
    return {
        "count": count,
        "next": replace_query_param(url, "page", page + 1) if page * page_size < count else None,
        "previous": replace_query_param(url, "page", page - 1) if page > 1 else None,
        "results": FoundOrder([hit.to_dict() for hit in found], many=True).data,
    }


def execute(search: Search[Any]) -> Any:
    """Search; once more if the index was deleted under the search: the alias names the next one already."""
    began = monotonic()
    try:
        return search.execute()
    except ApiError as error:
        if error.status_code not in DELETED:
            raise
    left = max(0.1, TIMEOUT - (monotonic() - began))
    return search.using(client(request_timeout=left)).execute()
