"""What schemathesis cannot read from a schema, such as: numbers are unique, a total is what the lines come to."""

import itertools
import json
from typing import Any

import schemathesis
from schemathesis import Case, GenerationMode, HookContext, Response, SerializationContext
from schemathesis.core.failures import Failure
from schemathesis.openapi.checks import UseAfterFree

numbers = itertools.count(1)


@schemathesis.hook
def before_load_schema(context: HookContext, raw_schema: dict[str, Any]) -> None:
    """Three currencies stand for all: each would be tried in each operation."""
    del raw_schema["components"]["schemas"]["CurrencyEnum"]["enum"][3:]


@schemathesis.serializer("application/x-ndjson")
def ndjson(context: SerializationContext, value: Any) -> bytes:
    """One a line."""
    lines = value if isinstance(value, list) else [value]
    return "\n".join(json.dumps(each) for each in lines).encode()


@schemathesis.hook
def filter_failure(context: HookContext, failure: Failure, case: Case, response: Response) -> bool:
    """An order's search status tells of it until search has forgotten it, also when it is deleted."""
    return not (isinstance(failure, UseAfterFree) and case.path.endswith("/search-status"))


@schemathesis.hook
def before_call(context: HookContext, case: Case, kwargs: dict[str, Any]) -> None:
    """Let what is good keep the rules that no schema can tell."""
    if case.meta is None or case.meta.generation.mode is not GenerationMode.POSITIVE:
        return
    if case.path.startswith("/orders/search"):
        seek(case.query)
    for order in case.body if isinstance(case.body, list) else [case.body]:
        if isinstance(order, dict):
            agree(order)


def seek(query: dict[str, Any]) -> None:
    """A cursor is the service's to make, a page is among the first, and what is least comes before what is most."""
    query.pop("cursor", None)
    if "page" in query:
        query["page"] = 1
    for least, most in (("total_min", "total_max"), ("created_after", "created_before")):
        if least in query:
            query.pop(most, None)
    if "q" in query:
        query["q"] = " ".join(query["q"].split()[:4]).replace("*", "").replace("?", "")


def agree(order: dict[str, Any]) -> None:
    """A number of its own, and no other total than that of its lines."""
    if "order_number" in order:
        order["order_number"] = f"{str(order['order_number']).strip()[:40]} {next(numbers)}"
    if lines := order.get("lines"):
        order.pop("total_amount", None)
        for line in lines:
            line["unit_price"] = 1
    elif "total_amount" in order:
        order["lines"] = []
