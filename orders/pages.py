"""Pages of orders, newest first, by cursor: steady while orders arrive, quick at any depth."""

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from rest_framework.exceptions import NotFound
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request
from rest_framework.views import APIView


class OrderPages(CursorPagination):
    """50 orders a page; `?page_size=` asks for 1 to 500."""

    ordering = "-id"
    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 500

    def paginate_queryset(
        self, queryset: QuerySet[Any] | Sequence[Any], request: Request, view: APIView | None = None
    ) -> Any:
        try:
            return super().paginate_queryset(queryset, request, view)
        except ValueError as error:  # a cursor that no page gave: its position is no id
            raise NotFound(self.invalid_cursor_message) from error
