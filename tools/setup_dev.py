"""Prepare the service before script/server serves it: migrations, indices, two orders, a repaired embedded engine."""

import os
import sys
import time
from decimal import Decimal

SAMPLE_ORDERS = [
    ("order00001", "Ada Lovelace", Decimal("99.90")),
    ("order00002", "Grace Hopper", Decimal("250.00")),
]
START_TIMEOUT = 60  # seconds


def wait_for_engine() -> None:
    """Wait until the engine answers. EngineUnavailable, with its address, if it does not within START_TIMEOUT."""
    from django.conf import settings

    from search.client import client
    from search.exceptions import EngineUnavailable

    deadline = time.monotonic() + START_TIMEOUT
    while not client(request_timeout=1).ping():
        if time.monotonic() > deadline:
            raise EngineUnavailable(", ".join(settings.ELASTICSEARCH_DSL["default"]["hosts"]))
        time.sleep(0.05)


def create_sample_orders() -> None:
    from orders.models import Order

    if Order.objects.exists():
        return
    for number, customer, amount in SAMPLE_ORDERS:
        Order.objects.create(order_number=number, customer_name=customer, total_amount=amount)
    print("Created order00001 and order00002.")


def count_rows() -> int:
    from search.mapping.registry import documents

    return sum(document().get_queryset().count() for document in documents())


def warn_of_many_rows() -> None:
    from tools.embedded_engine import MAX_COMFORTABLE_ROWS

    if (count := count_rows()) > MAX_COMFORTABLE_ROWS:
        print(
            f"{count} rows are too many for the embedded engine. Set ELASTICSEARCH_URL to a real one.", file=sys.stderr
        )


def repair_embedded_engine() -> None:
    """Rebuild the indices that are out of step with the database: the embedded engine may have lost documents."""
    from django.core.management import call_command

    from search.drift.compare import out_of_sync_documents

    if models := [document.django.model._meta.label_lower for document in out_of_sync_documents()]:
        print(f"The embedded engine was not in step with the database: {', '.join(models)}", flush=True)
        call_command("search_index", "--rebuild", "--models", *models)


def main() -> None:
    """Prepare everything. Each step does nothing when it was done before."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")
    import django

    django.setup()
    from django.conf import settings
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    wait_for_engine()
    call_command("search_index", "--create")
    create_sample_orders()
    if settings.ELASTICSEARCH_IS_EMBEDDED:
        warn_of_many_rows()
        repair_embedded_engine()


if __name__ == "__main__":
    from django.core.management import CommandError

    from search.exceptions import SearchError
    from tools import errors
    from tools.errors import ToolError

    def main_with_one_line_errors() -> None:
        try:
            main()
        except (CommandError, SearchError) as error:
            raise ToolError(str(error)) from error

    errors.run(main_with_one_line_errors)
