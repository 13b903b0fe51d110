"""The service's URLs, and two more: a bulk update and a transaction that is rolled back."""

import json

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from orders.models import Order
from project.urls import urlpatterns as service

ROLLED_BACK = "rolled back"


@csrf_exempt
def bulk_update(request: HttpRequest) -> HttpResponse:
    """Update several orders in one statement, which sends no signals."""
    body = json.loads(request.body)
    with transaction.atomic():
        # Lock rows in key order, so that two of these updates cannot deadlock.
        orders = Order.objects.filter(pk__in=body["ids"]).order_by("pk").select_for_update()
        keys = list(orders.values_list("pk", flat=True))
        Order.objects.filter(pk__in=keys).update(customer_name=body["customer_name"])
    return HttpResponse(status=204)


@csrf_exempt
def rolled_back(request: HttpRequest) -> HttpResponse:
    """Create an order and change another one in a transaction that is rolled back."""
    body = json.loads(request.body)
    with transaction.atomic():
        Order.objects.create(order_number=body["order_number"], customer_name=ROLLED_BACK, total_amount=1)
        for order in Order.objects.filter(pk=body["id"]).select_for_update():
            order.customer_name = ROLLED_BACK
            order.save(update_fields=["customer_name"])
        transaction.set_rollback(True)
    return HttpResponse(status=204)


urlpatterns = [path("faults/bulk-update", bulk_update), path("faults/rolled-back", rolled_back), *service]
