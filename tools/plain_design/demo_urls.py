"""Orders over HTTP by the shortest way that Django REST framework knows."""

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
    """Makes, changes and deletes orders."""

    queryset = Order.objects.all()
    serializer_class = OrderSerializer


router = DefaultRouter()
router.register("orders", OrderViewSet)
urlpatterns = [path("", include(router.urls))]
