"""Becomes the other project's mysite/urls.py: the views of search.query for its items."""

from django.urls import path
from shop.documents import ITEMS

from search.query.views import ExportView, SearchView, SuggestView

urlpatterns = [
    path("items/", type("ItemSearch", (SearchView,), {"search_schema": ITEMS}).as_view()),
    path("items/export", type("ItemExport", (ExportView,), {"search_schema": ITEMS}).as_view()),
    path("items/suggest", type("ItemSuggest", (SuggestView,), {"search_schema": ITEMS}).as_view()),
]
