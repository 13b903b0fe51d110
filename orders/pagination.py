"""Pages of orders, newest first, by cursor: steady while orders arrive, quick at any depth."""

import re
from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request
from rest_framework.views import APIView


class OrderPagination(CursorPagination):
    """50 orders a page; `?page_size=` asks for 1 to 500, and anything else is refused."""

    ordering = "-id"
    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 500

    def get_page_size(self, request: Request) -> int:
        """ValidationError names the parameter."""
        given = request.query_params.get(self.page_size_query_param, str(self.page_size))
        if not re.fullmatch("0*[1-9][0-9]{0,2}", given, re.ASCII) or int(given) > self.max_page_size:
            raise ValidationError({self.page_size_query_param: f"Give a number from 1 to {self.max_page_size}."})
        return int(given)

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        """As the package describes them, and the bounds of the page's size."""
        parameters: list[dict[str, Any]] = super().get_schema_operation_parameters(view)
        for parameter in parameters:
            if parameter["name"] == self.page_size_query_param:
                parameter["schema"] |= {"minimum": 1, "maximum": self.max_page_size, "default": self.page_size}
        return parameters

    def paginate_queryset(
        self, queryset: QuerySet[Any] | Sequence[Any], request: Request, view: APIView | None = None
    ) -> Any:
        try:
            return super().paginate_queryset(queryset, request, view)
        except ValueError as error:  # a cursor that no page gave: its position is no id
            raise NotFound(self.invalid_cursor_message) from error
