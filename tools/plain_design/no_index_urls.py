"""The URLs of the orders, without those of the search."""

from django.urls import include, path

urlpatterns = [path("orders/", include("orders.urls"))]
