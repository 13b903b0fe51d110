"""The addresses of the order search, below /orders/."""

from django.urls import path

from order_search.views import OrderExport, OrderSearch, OrderSearchStatus, OrderSuggest

urlpatterns = [
    path("search", OrderSearch.as_view(), name="orders-search"),
    path("search/", OrderSearch.as_view()),
    path("search/export", OrderExport.as_view(), name="orders-export"),
    path("suggest", OrderSuggest.as_view(), name="orders-suggest"),
    path("<int:pk>/search-status", OrderSearchStatus.as_view(), name="orders-search-status"),
]
