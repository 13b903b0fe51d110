"""The views of a schema's search.

A project subclasses them with its schema, and adds them to its urls::

    class BookSearch(SearchView):
        search_schema = BOOKS
"""

import logging
from collections.abc import Callable
from typing import Any, ClassVar

from django.http import HttpResponseBase, StreamingHttpResponse
from rest_framework import status
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import remove_query_param, replace_query_param
from rest_framework.views import APIView

from ..exceptions import CursorExpired, InvalidCursor, InvalidQuery, SearchError, SearchTooSlow
from ..push.freshness import ensure_fresh
from .export import Export
from .params import ExportParams, FilterParams, QueryParamsSerializer, SearchParams, SuggestParams
from .request import SearchRequest, SearchResult
from .schema import SearchSchema
from .search import search
from .serializers import hit_serializer
from .suggest import suggest

logger = logging.getLogger(__name__)
RETRY_AFTER = 5  # seconds


class Gone(APIException):
    """410: the cursor has expired."""

    status_code = status.HTTP_410_GONE


class BaseSearchView(APIView):
    """What the views have in common: validated parameters, and the answers 400, 410 and 503."""

    search_schema: ClassVar[SearchSchema]
    params_class: type[QueryParamsSerializer]

    def get(self, request: Request) -> HttpResponseBase:
        params = self.get_params_class()(data=request.query_params)
        params.is_valid(raise_exception=True)
        data = dict(params.validated_data)
        headers = {"X-Search-Fresh": str(ensure_fresh())} if data.pop("fresh", False) else {}
        return self.handle_search_errors(lambda: self.answer(request, data), headers)

    @classmethod
    def get_params_class(cls) -> type[QueryParamsSerializer]:
        if issubclass(cls.params_class, FilterParams) and not hasattr(cls.params_class, "schema"):
            return type(cls.params_class.__name__, (cls.params_class,), {"schema": cls.search_schema})
        return cls.params_class

    def answer(self, request: Request, data: dict[str, Any]) -> HttpResponseBase:
        """Return the answer for validated parameters."""
        raise NotImplementedError

    def handle_search_errors(self, answer: Callable[[], HttpResponseBase], headers: dict[str, str]) -> HttpResponseBase:
        try:
            response = answer()
        except InvalidQuery as error:
            raise ValidationError({"q": str(error)}) from error
        except InvalidCursor as error:
            raise ValidationError({"cursor": str(error)}) from error
        except CursorExpired as error:
            raise Gone({"cursor": str(error)}, code="cursor_expired") from error
        except SearchError as error:  # not an APIException: DRF would log a traceback for every request
            logger.warning("search failed: %s", error)
            response = self.unavailable(error)
        for name, value in headers.items():
            response[name] = value
        return response

    def unavailable(self, error: SearchError) -> Response:
        code = "search_too_slow" if isinstance(error, SearchTooSlow) else "search_unavailable"
        errors = [{"code": code, "detail": self.search_schema.failure_text(error), "attr": None}]
        body = {"type": "server_error", "errors": errors}
        return Response(body, status=503, headers={"Retry-After": str(RETRY_AFTER)})


class SearchView(BaseSearchView):
    """GET ?q=: results with filters, facets and highlights, in pages."""

    params_class = SearchParams

    def answer(self, request: Request, data: dict[str, Any]) -> Response:
        search_request = SearchRequest.from_validated_data(self.search_schema, data)
        result = search(search_request)
        facets = {} if result.facets is None else {"facets": result.facets}
        hits = hit_serializer(self.search_schema)(result.results, many=True, only=search_request.fields)
        return Response(
            {
                "count": result.count,
                **page_links(request.build_absolute_uri(), search_request, result),
                "did_you_mean": result.did_you_mean,
                **facets,
                "results": hits.data,
            }
        )


class ExportView(BaseSearchView):
    """GET ?format=csv|ndjson: the whole result of a search, as it is at this time."""

    params_class = ExportParams

    def perform_content_negotiation(self, request: Request, force: bool = False) -> Any:
        """Ignore the Accept header: `format` chooses the answer's format, and errors are JSON."""
        renderer = self.get_renderers()[0]
        return renderer, renderer.media_type

    def answer(self, request: Request, data: dict[str, Any]) -> StreamingHttpResponse:
        search_request = SearchRequest.from_validated_data(self.search_schema, data)
        serializer: Any = hit_serializer(self.search_schema)(only=search_request.fields)
        export = Export(search_request, data["format"], serializer)
        disposition = f'attachment; filename="{self.search_schema.plural}.{data["format"]}"'
        return StreamingHttpResponse(
            export, content_type=export.format.content_type, headers={"Content-Disposition": disposition}
        )


class SuggestView(BaseSearchView):
    """GET ?q=: values that begin with what has been typed, for each group of suggestions."""

    params_class = SuggestParams

    def answer(self, request: Request, data: dict[str, Any]) -> Response:
        return Response(suggest(self.search_schema, data["q"]))


def page_links(url: str, request: SearchRequest, result: SearchResult) -> dict[str, str | None]:
    following = previous = None
    if result.cursor:  # without `fresh`: the next page is of the same result
        following = replace_query_param(
            remove_query_param(remove_query_param(url, "page"), "fresh"), "cursor", result.cursor
        )
    elif request.page and request.page * request.page_size < result.count:
        following = replace_query_param(url, "page", request.page + 1)
    if request.page and request.page > 1:
        previous = replace_query_param(url, "page", request.page - 1)
    return {"next": following, "previous": previous}
