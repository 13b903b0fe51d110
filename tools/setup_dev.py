"""What must be so before the service is served: migrated, an index, two orders, and an embedded engine in step."""

import os
import time
from decimal import Decimal

ORDERS = [("order00001", "Ada Lovelace", Decimal("99.90")), ("order00002", "Grace Hopper", Decimal("250.00"))]
PATIENCE = 60  # seconds for the engine to come up


def wait_for_engine() -> None:
    """Return when the engine answers; EngineUnavailable says where it was looked for."""
    from django.conf import settings

    from search.client import client
    from search.exceptions import EngineUnavailable

    deadline = time.monotonic() + PATIENCE
    while not client(request_timeout=1).ping():
        if time.monotonic() > deadline:
            raise EngineUnavailable(", ".join(settings.ELASTICSEARCH_DSL["default"]["hosts"]))
        time.sleep(0.05)


def seed() -> None:
    """Two orders to look at, when there are none."""
    from orders.models import Order

    if Order.objects.exists():
        return
    for number, customer, amount in ORDERS:
        Order.objects.create(order_number=number, customer_name=customer, total_amount=amount)
    print("Made order00001 and order00002.")


def mend() -> None:
    """Rebuild the indices that are not in step with the database: the embedded engine may have lost some of it."""
    from django.core.management import call_command

    from search.drift.compare import out_of_sync_documents

    if models := [document.django.model._meta.label_lower for document in out_of_sync_documents()]:
        print(f"The embedded engine was not in step with the database: {', '.join(models)}", flush=True)
        call_command("search_index", "--rebuild", "--models", *models)


def main() -> None:
    """Set up Django and do it all; each step is harmless when it was done before."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")
    import django

    django.setup()
    from django.conf import settings
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    wait_for_engine()
    call_command("search_index", "--create")
    seed()
    if settings.ELASTICSEARCH_IS_EMBEDDED:
        mend()


if __name__ == "__main__":
    from django.core.management import CommandError

    from search.exceptions import SearchError
    from tools import errors
    from tools.errors import ToolError

    def told() -> None:
        """Main, with the faults that are to be expected in one line."""
        try:
            main()
        except (CommandError, SearchError) as error:
            raise ToolError(str(error)) from error

    errors.run(told)
