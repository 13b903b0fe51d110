"""Where each address leads."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("admin/", admin.site.urls),
    # Before the orders' own paths: /orders/search is no order's id.
    path("orders/", include("search.urls")),
    path("orders/", include("orders.urls")),
]
