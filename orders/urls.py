"""URLs of orders, under orders/. Each works with and without a trailing slash; redirects would lose a POST's body."""

from django.urls import path

from orders.views import OrderBulk, OrderCreate, OrderDetail, OrderList, OrderUpdate

urlpatterns = [
    path("", OrderList.as_view(), name="orders"),
    path("create", OrderCreate.as_view(), name="order-create"),
    path("create/", OrderCreate.as_view()),
    path("bulk", OrderBulk.as_view(), name="orders-bulk"),
    path("bulk/", OrderBulk.as_view()),
    path("update/<int:pk>/", OrderUpdate.as_view(), name="order-update"),
    path("update/<int:pk>", OrderUpdate.as_view()),
    path("<int:pk>/", OrderDetail.as_view(), name="order"),
    path("<int:pk>", OrderDetail.as_view()),
]
