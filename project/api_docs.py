"""The OpenAPI schema at /api/schema, and Swagger UI at /api/docs."""

from typing import Any

from django.contrib.auth.views import redirect_to_login
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.exceptions import NotAuthenticated


class SchemaView(SpectacularAPIView):
    """GET /api/schema: the OpenAPI schema as YAML, or as JSON with `Accept: application/json` or `?format=json`."""


class DocsView(SpectacularSwaggerSplitView):
    """GET /api/docs: Swagger UI. Without DEBUG, users who have not logged in are redirected to the login page."""

    url_name = "schema"

    def handle_exception(self, exc: Exception) -> Any:
        if isinstance(exc, NotAuthenticated):
            return redirect_to_login(self.request.get_full_path())
        return super().handle_exception(exc)
