"""The API views of orders."""

from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse
from drf_spectacular.utils import extend_schema_view
from rest_framework import generics, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from orders import bulk, openapi, preconditions
from orders.bulk import BulkOrderSerializer, BulkQueryParams
from orders.models import Order
from orders.pagination import OrderPagination
from orders.parsers import StrictArrayParser, StrictJSONParser, StrictNDJSONParser
from orders.retry import retry_on_conflict
from orders.serializers import OrderSerializer


class OrderView(generics.GenericAPIView[Order]):
    """Base of the views. A response with one order has its version as ETag."""

    queryset = Order.objects.prefetch_related("lines")
    serializer_class = OrderSerializer
    parser_classes = [StrictJSONParser]

    def get_queryset(self) -> QuerySet[Order]:
        """Lock orders that are read in a transaction, since they are read to be changed."""
        orders = super().get_queryset()
        return orders.select_for_update() if transaction.get_connection().in_atomic_block else orders

    def finalize_response(self, request: Request, response: Response, *args: Any, **kwargs: Any) -> Response:
        version = response.data.get("version") if isinstance(response.data, dict) else None
        if version is not None:
            response.headers["ETag"] = preconditions.etag(version)
        return super().finalize_response(request, response, *args, **kwargs)


@extend_schema_view(post=openapi.create)
class OrderCreate(OrderView, generics.CreateAPIView[Order]):
    """POST creates an order."""

    @retry_on_conflict
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().create(request, *args, **kwargs)

    def get_success_headers(self, data: Any) -> dict[str, str]:
        return {"Location": reverse("order", args=[data["id"]])}


@extend_schema_view(get=openapi.listing, post=openapi.create_at_orders)
class OrderList(OrderCreate, generics.ListAPIView[Order]):
    """GET lists orders, newest first; POST creates one."""

    pagination_class = OrderPagination


@extend_schema_view(post=openapi.bulk)
class OrderBulk(OrderView):
    """POST creates up to 1,000 orders, all or none; with `atomic=false` the valid ones, and lists the others' errors.

    One transaction, so that receivers of its commit handle all orders together.
    """

    parser_classes = [StrictArrayParser, StrictNDJSONParser]
    serializer_class = BulkOrderSerializer

    @retry_on_conflict
    def post(self, request: Request) -> Response:
        params = BulkQueryParams(data=request.query_params.dict())
        params.is_valid(raise_exception=True)
        atomic = params.validated_data["atomic"]
        results = bulk.create_validated(request.data, self.get_serializer_context(), atomic=atomic)
        if atomic:
            return Response(results, status=status.HTTP_201_CREATED)
        return Response(bulk.summary(results), status=status.HTTP_207_MULTI_STATUS)


@extend_schema_view(
    put=openapi.update("put_order", "Replace an order"), patch=openapi.update("patch_order", "Change an order")
)
class OrderUpdate(OrderView, generics.UpdateAPIView[Order]):
    """PUT replaces an order, PATCH changes the given fields."""

    @retry_on_conflict
    def update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        request.data  # noqa: B018  # read the body before locking the row: a slow client must not block others
        with transaction.atomic():
            return super().update(request, *args, **kwargs)

    def perform_update(self, serializer: BaseSerializer[Order]) -> None:
        assert serializer.instance is not None
        preconditions.check_change(self.request, serializer.instance.version)
        serializer.save()


@extend_schema_view(
    get=openapi.read,
    put=openapi.update("replace_order", "Replace an order"),
    patch=openapi.update("change_order", "Change an order"),
    delete=openapi.delete,
)
class OrderDetail(OrderUpdate, generics.RetrieveDestroyAPIView[Order]):
    """GET, PUT, PATCH and DELETE one order."""

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        order = self.get_object()
        preconditions.check_if_match(request, order.version)
        if preconditions.matches_if_none_match(request, order.version):
            return Response(status=status.HTTP_304_NOT_MODIFIED, headers={"ETag": preconditions.etag(order.version)})
        return Response(self.get_serializer(order).data)

    @retry_on_conflict
    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        with transaction.atomic():
            return super().destroy(request, *args, **kwargs)

    def perform_destroy(self, instance: Order) -> None:
        preconditions.check_change(self.request, instance.version)
        instance.delete()
