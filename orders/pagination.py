"""Pagination of orders, newest first, by cursor: stable while orders are added, and fast at any depth."""

import re
from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request
from rest_framework.views import APIView


class OrderPagination(CursorPagination):
    """Pages of 50 orders, or of `?page_size=` 1 to 500. DRF would ignore an invalid size; here it is an error."""

    ordering = "-id"
    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 500

    def get_page_size(self, request: Request) -> int:
        size = request.query_params.get(self.page_size_query_param, str(self.page_size))
        if not re.fullmatch("0*[1-9][0-9]{0,2}", size, re.ASCII) or int(size) > self.max_page_size:
            raise ValidationError({self.page_size_query_param: f"Must be a number from 1 to {self.max_page_size}."})
        return int(size)

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
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
        except ValueError as error:  # a forged cursor, whose position is not an id
            raise NotFound(self.invalid_cursor_message) from error
