"""The API's description at /api/schema, and the page that shows it to people and lets them try it at /api/docs."""

from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.http import HttpResponseBase
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.exceptions import NotAuthenticated


class Description(SpectacularAPIView):
    """GET /api/schema: the description in OpenAPI 3, as YAML, or as JSON for who accepts that or asks ?format=json."""


class Docs(SpectacularSwaggerSplitView):
    """GET /api/docs: Swagger UI, from our own static files. Who must log in is sent there."""

    url_name = "schema"

    def handle_exception(self, exc: Exception) -> Any:
        if isinstance(exc, NotAuthenticated):
            return self._to_login()
        return super().handle_exception(exc)

    def _to_login(self) -> HttpResponseBase:
        return redirect_to_login(self.request.get_full_path())
