"""URLs of the project. Unknown paths get a JSON 404 too, also with DEBUG."""

from django.contrib import admin
from django.urls import include, path, re_path
from django.views.decorators.csrf import csrf_exempt

from orders.views import OrderList
from project.api_docs import DocsView, SchemaView
from project.errors import not_found
from project.metrics import MetricsView

urlpatterns = [
    path("", include("desk.urls")),
    path("admin/", admin.site.urls),
    # Before orders.urls, which takes one path segment for an id.
    path("orders/", include("order_search.urls")),
    path("orders/", include("orders.urls")),
    path("orders", OrderList.as_view()),
    path("metrics", MetricsView.as_view(), name="metrics"),
    path("api/schema", SchemaView.as_view(), name="schema"),
    path("api/docs", DocsView.as_view(), name="docs"),
    # Last. CommonMiddleware redirects /admin to /admin/.
    re_path(r"^(?!admin$)", csrf_exempt(not_found)),
]

handler400 = "project.errors.bad_request"
handler403 = "project.errors.permission_denied"
handler404 = "project.errors.not_found"
handler500 = "project.errors.server_error"
