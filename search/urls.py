"""The addresses of search, below /orders/."""

from django.urls import path, re_path

from search.views import OrderSearch, OrderSearchStatus

urlpatterns = [
    re_path(r"^search/?$", OrderSearch.as_view(), name="orders-search"),
    path("<int:pk>/search-status", OrderSearchStatus.as_view(), name="orders-search-status"),
]
