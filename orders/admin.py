"""Orders in the admin."""

from typing import Any

from django.contrib import admin
from django.db import transaction
from django.http import HttpRequest

from orders.models import Order, OrderLine, total_of


class OrderLineInline(admin.TabularInline):  # type: ignore[type-arg]
    model = OrderLine
    extra = 0


@admin.register(Order)
class OrderAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # Django's is not generic when it runs
    list_display = ["order_number", "customer_name", "total_amount", "currency", "status", "updated_at"]
    list_filter = ["status"]
    inlines = [OrderLineInline]
    search_fields = ["order_number", "customer_name"]
    readonly_fields = ["created_at", "updated_at", "version"]
    show_full_result_count = False

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Order | None:
        """Lock the order while it is changed, so that saving cannot recreate it after a concurrent delete."""
        if request.method == "POST" and transaction.get_connection().in_atomic_block:
            list(Order.objects.select_for_update().filter(pk=object_id))
        return super().get_object(request, object_id, from_field)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Set the total of an order with lines to their sum, whatever the form said."""
        super().save_related(request, form, formsets, change)
        order = form.instance
        if (lines := list(order.lines.all())) and order.total_amount != total_of(lines):
            order.total_amount = total_of(lines)
            order.save(update_fields=["total_amount", "updated_at"])
