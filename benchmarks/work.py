"""Work for a contender's own process and environment: python -m benchmarks.work NAME ARGUMENTS. Prints JSON."""

import json
import sys
from collections.abc import Callable
from time import perf_counter
from typing import Any

import django

Work = Callable[..., dict[str, Any]]


def token() -> dict[str, Any]:
    """A user's token, for a service whose debug is off."""
    from django.contrib.auth.models import User
    from rest_framework.authtoken.models import Token

    user, _ = User.objects.get_or_create(username="load")
    return {"token": Token.objects.get_or_create(user=user)[0].key}


def saves(run: str, count: str) -> dict[str, Any]:
    """So many new orders in one transaction, saved one by one."""
    from django.db import transaction

    from orders.models import Order

    def once(name: str) -> float:
        began = perf_counter()
        with transaction.atomic():
            for number in range(int(count)):
                Order.objects.create(order_number=f"{name}-{number}", customer_name="John Doe", total_amount=1)
        return perf_counter() - began

    once(f"{run}-warm")
    return {"seconds": once(run)}


WORK: dict[str, Work] = {work.__name__: work for work in (token, saves)}


def main() -> None:
    """Parse, work, report."""
    django.setup()
    print(json.dumps(WORK[sys.argv[1]](*sys.argv[2:])))


if __name__ == "__main__":
    main()
