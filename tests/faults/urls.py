"""The service's addresses, and two for what the API has none: a bulk update and a transaction that is rolled back."""

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
    """One statement for many orders, which sends no signals."""
    wanted = json.loads(request.body)
    with transaction.atomic():
        # In the order of their keys, so that two of these never wait for each other.
        orders = Order.objects.filter(pk__in=wanted["ids"]).order_by("pk").select_for_update()
        found = list(orders.values_list("pk", flat=True))
        Order.objects.filter(pk__in=found).update(customer_name=wanted["customer_name"])
    return HttpResponse(status=204)


@csrf_exempt
def rolled_back(request: HttpRequest) -> HttpResponse:
    """A transaction that makes an order, changes another and comes to nothing."""
    wanted = json.loads(request.body)
    with transaction.atomic():
        Order.objects.create(order_number=wanted["order_number"], customer_name=ROLLED_BACK, total_amount=1)
        for order in Order.objects.filter(pk=wanted["id"]).select_for_update():
            order.customer_name = ROLLED_BACK
            order.save(update_fields=["customer_name"])
        transaction.set_rollback(True)
    return HttpResponse(status=204)


urlpatterns = [path("faults/bulk-update", bulk_update), path("faults/rolled-back", rolled_back), *service]
