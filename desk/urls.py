"""URLs of the desk."""

from django.contrib.auth.views import LogoutView
from django.urls import path

from desk.views import BadgeView, Login, OrderCreate, OrderDelete, OrderEdit, OrderPage, Search, Suggestions

urlpatterns = [
    path("", Search.as_view(), name="desk"),
    path("login", Login.as_view(), name="login"),
    path("logout", LogoutView.as_view(), name="logout"),
    path("desk/suggest", Suggestions.as_view(), name="desk-suggest"),
    path("desk/badge", BadgeView.as_view(), name="desk-badge"),
    path("desk/orders/new", OrderCreate.as_view(), name="desk-new"),
    path("desk/orders/<int:pk>/", OrderPage.as_view(), name="desk-order"),
    path("desk/orders/<int:pk>/edit", OrderEdit.as_view(), name="desk-edit"),
    path("desk/orders/<int:pk>/delete", OrderDelete.as_view(), name="desk-delete"),
]
