"""The addresses of search, below /orders/."""

from django.urls import re_path

from search.views import OrderSearch

urlpatterns = [re_path(r"^search/?$", OrderSearch.as_view(), name="orders-search")]
