"""Where each address leads. What leads nowhere is a JSON answer too, also with debug on."""

from django.contrib import admin
from django.urls import include, path, re_path
from django.views.decorators.csrf import csrf_exempt

from orders.views import OrderList
from project.api_docs import Description, Docs
from project.errors import not_found
from project.metrics import Metrics

urlpatterns = [
    path("", include("desk.urls")),
    path("admin/", admin.site.urls),
    # Before the orders' own paths: /orders/search is no order's id.
    path("orders/", include("order_search.urls")),
    path("orders/", include("orders.urls")),
    path("orders", OrderList.as_view()),
    path("metrics", Metrics.as_view(), name="metrics"),
    path("api/schema", Description.as_view(), name="schema"),
    path("api/docs", Docs.as_view(), name="docs"),
    # Last. Without its slash the admin is left to CommonMiddleware, which sends there.
    re_path(r"^(?!admin$)", csrf_exempt(not_found)),
]

handler400 = "project.errors.bad_request"
handler403 = "project.errors.permission_denied"
handler404 = "project.errors.not_found"
handler500 = "project.errors.server_error"
