"""The addresses of search, below /orders/."""

from django.urls import path, re_path

from search.views import OrderExport, OrderSearch, OrderSearchStatus, OrderSuggest

urlpatterns = [
    re_path(r"^search/?$", OrderSearch.as_view(), name="orders-search"),
    path("search/export", OrderExport.as_view(), name="orders-export"),
    path("suggest", OrderSuggest.as_view(), name="orders-suggest"),
    path("<int:pk>/search-status", OrderSearchStatus.as_view(), name="orders-search-status"),
]
