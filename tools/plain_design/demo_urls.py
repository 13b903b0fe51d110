"""The orders over HTTP with as little code as Django REST framework needs."""

from django.urls import include, path
from rest_framework.routers import DefaultRouter
from rest_framework.serializers import ModelSerializer
from rest_framework.viewsets import ModelViewSet

from orders.models import Order


class OrderSerializer(ModelSerializer[Order]):
    """An order in JSON."""

    class Meta:
        model = Order
        fields = ["id", "order_number", "customer_name", "total_amount"]


class OrderViewSet(ModelViewSet[Order]):
    """Create, change and delete orders."""

    queryset = Order.objects.all()
    serializer_class = OrderSerializer


router = DefaultRouter()
router.register("orders", OrderViewSet)
urlpatterns = [path("", include(router.urls))]
