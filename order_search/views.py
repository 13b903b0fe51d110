"""The endpoints of the order search."""

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from order_search import openapi
from order_search.fields import ORDERS
from order_search.serializers import OrderExportParams, OrderSearchParams
from orders.models import Order
from search.query.views import RETRY_AFTER, ExportView, SearchView, SuggestView
from search.row_status import row_status

__all__ = ["RETRY_AFTER", "OrderExport", "OrderSearch", "OrderSearchStatus", "OrderSuggest"]


@openapi.search
class OrderSearch(SearchView):
    """GET /orders/search?q=: orders by their words, with filters, facets and highlights, in pages.

    Without `page`, `next` leads through the result as it was at its first page, at any depth, whatever changes later.
    `fresh=true` first indexes pending changes, so that every change committed before the search is found; the
    answer's `X-Search-Fresh` says whether that was done in time.
    """

    search_schema = ORDERS
    params_class = OrderSearchParams


@openapi.export
class OrderExport(ExportView):
    """GET /orders/search/export?format=csv|ndjson: the whole result of a search, as it is at this time."""

    search_schema = ORDERS
    params_class = OrderExportParams


@openapi.suggest
class OrderSuggest(SuggestView):
    """GET /orders/suggest?q=: order numbers, customers and SKUs that begin with what has been typed."""

    search_schema = ORDERS


@openapi.search_status
class OrderSearchStatus(APIView):
    """GET /orders/<id>/search-status: an order's version, its pending entry, and what each index has."""

    def get(self, request: Request, pk: int) -> Response:
        row = row_status(Order, pk)
        # An order that has been deleted everywhere is as unknown as one that never existed.
        is_unknown = row["status"] == "absent" and row["version"] is None
        return Response(row, status=404 if is_unknown else 200)
