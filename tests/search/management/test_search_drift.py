"""`manage.py search_drift`: the report of each kind of drift, repair, --watch, and the three exit codes."""

import json
import re
from datetime import timedelta
from unittest.mock import patch

import pytest
from django.db import OperationalError
from django.utils import timezone

from order_search.documents import OrderDocument
from orders.models import Order
from search.drift import run as drift_run
from search.exceptions import EngineUnavailable
from search.indices import aliases, lifecycle
from search.management import arguments
from search.management.commands import search_drift
from search.models import Entry, Index
from search.rebuild.populate import populate
from tests.search.engine_help import make_orders, versions
from tests.search.management.running import Ran, fault, run
from tests.support import assert_in_step

pytestmark = [pytest.mark.engine, pytest.mark.conformance, pytest.mark.django_db(transaction=True)]
ALIAS = aliases.alias_of(OrderDocument)
KINDS = ("missing", "stale", "orphaned", "altered", "pending", "dead")


def drift(*arguments: str) -> Ran:
    return run("search_drift", "--models", "orders", *arguments)


def says(code: int, *lines: str) -> Ran:
    return Ran(code, f"{ALIAS}: " + "".join(f"{line}\n" for line in lines))


def could_not_compare(why: str) -> Ran:
    return fault(f"Could not compare: {why}", 2)


@pytest.fixture
def six(engine):
    """Six orders in step, and the index's name."""
    name = lifecycle.create(OrderDocument).name
    make_orders(6)
    populate(OrderDocument)
    Entry.objects.all().delete()
    return name


def pk(number: int) -> str:
    return str(Order.objects.get(order_number=f"order{number:05}").pk)


def damage(engine, name: str) -> None:
    """Make the first document missing, the second stale, and add an orphan."""
    engine.delete(index=name, id=pk(1))
    body = engine.get(index=name, id=pk(2))["_source"]
    Order.objects.filter(pk=pk(2)).update(customer_name="Its entry was lost")
    Entry.objects.all().delete()
    engine.index(index=name, id="999999", document=body | {"row_key": 999999}, version=7, version_type="external")


def damage_lines() -> list[str]:
    return [f"  missing: {pk(1)}", f"  stale: {pk(2)}", "  orphaned: 999999"]


def test_in_step(six):
    assert drift() == says(0, "6 rows, 6 documents, in step")
    assert drift("--deep", "--repair") == says(0, "6 rows, 6 documents, in step")
    assert drift("-v", "0") == Ran(0, "")


def test_drift_is_reported_and_not_repaired(engine, six):
    damage(engine, six)
    before = versions(engine, six), list(Order.objects.values()), list(Entry.objects.values())
    assert drift() == says(1, "6 rows, 6 documents, 1 missing, 1 stale, 1 orphaned", *damage_lines())
    assert drift("-v", "0") == Ran(1, "")
    assert (versions(engine, six), list(Order.objects.values()), list(Entry.objects.values())) == before


def test_drift_is_repaired(engine, six):
    damage(engine, six)
    lines = ["6 rows, 6 documents, 1 missing, 1 stale, 1 orphaned", *damage_lines(), "  repaired: 3 of 3"]
    assert drift("--repair") == says(0, *lines)
    assert drift("--deep") == says(0, "6 rows, 6 documents, in step")
    assert_in_step(six)


def test_drift_that_is_not_confirmed_yet_is_still_drift(engine, six):
    damage(engine, six)
    with patch("search.drift.repair.push_keys", return_value=[]):
        ran = drift("--repair")
    assert (ran.code, ran.output.splitlines()[-1]) == (1, "  repaired: 0 of 3")
    assert Index.objects.get(name=six).drift["missing"] == 1


def test_contents_are_compared_with_deep_only(engine, six):
    key, version = pk(3), Order.objects.get(order_number="order00003").version
    body = engine.get(index=six, id=key)["_source"] | {"customer_name": "Changed by hand"}
    engine.index(index=six, id=key, document=body, version=version, version_type="external_gte")
    assert drift() == says(0, "6 rows, 6 documents, in step")
    assert drift("--deep") == says(1, "6 rows, 6 documents, 1 altered", f"  altered: {key}")


def test_only_the_first_ids_are_printed(engine):
    lifecycle.create(OrderDocument)
    keys = [str(row.pk) for row in make_orders(25)]
    Entry.objects.all().delete()
    ran = drift()
    [shown] = re.findall(r"  missing: (.*) and 5 more\n", ran.output)
    assert (ran.code, len(set(shown.split(", ")) & set(keys))) == (1, 20)
    assert sorted(json.loads(drift("--json").output)["documents"][0]["missing"]["ids"]) == sorted(keys)


def test_json(engine, six):
    damage(engine, six)
    ran = drift("--json", "-v", "0")
    answer = json.loads(ran.output)
    [result] = answer["documents"]
    assert (ran.code, ran.errors, answer["in_step"]) == (1, "", False)
    assert result.pop("seconds") >= 0
    ids = {"missing": [pk(1)], "stale": [pk(2)], "orphaned": ["999999"]}
    kinds = {kind: {"count": len(ids.get(kind, [])), "ids": ids.get(kind, [])} for kind in KINDS}
    facts = {"alias": ALIAS, "index": six, "rows": 6, "documents": 6, "in_step": False, "repaired": None}
    assert result == facts | kinds


def test_pending_changes_are_not_drift(six):
    Order.objects.update(customer_name="Changed")
    assert drift() == says(0, "6 rows, 6 documents, in step, 6 pending")


def test_since(engine, six):
    engine.delete(index=six, id=pk(1))
    assert drift("--since", "1h") == says(1, "6 rows, 5 documents, 1 missing", f"  missing: {pk(1)}")
    later = timezone.now() + timedelta(days=1)
    assert drift("--since", f"{later:%Y-%m-%dT%H:%M}") == says(0, "0 rows, 0 documents, in step")


def test_every_document_without_models(engine):
    run("search_index", "--create")
    ran = run("search_drift")
    assert (ran.code, ran.output.count(": 0 rows, 0 documents, in step\n")) == (0, 2)


def test_the_result_is_stored(engine, six):
    damage(engine, six)
    drift()
    record = Index.objects.get(name=six)
    assert record.verified_at
    assert record.drift == {"missing": 1, "stale": 1, "orphaned": 1, "altered": 0, "pending": 0, "dead": 0}
    drift("--repair")
    assert Index.objects.get(name=six).drift == dict.fromkeys(KINDS, 0)


def test_without_an_index(engine):
    assert drift() == could_not_compare(f"There is no index yet. Run `manage.py search_index --create`. ({ALIAS})")


def test_where_alias_and_records_differ(engine, six):
    engine.indices.delete_alias(index=six, name=ALIAS)
    why = "The alias names an index that is not recorded as live. Run `manage.py search_index --create`."
    assert drift() == could_not_compare(f"{why} ({ALIAS} names no index, {six} is recorded as live)")


def test_without_an_engine(six, engine_away):
    engine_away()
    ran = drift()
    message = "Elasticsearch does not answer. Start it, or set ELASTICSEARCH_URL to its"
    assert (ran.code, ran.output, ran.errors.count("\n")) == (2, "", 1)
    assert ran.errors.startswith(f"CommandError: Could not compare: {message}")


def test_without_a_database(six):
    with patch.object(Index.objects, "using", side_effect=OperationalError("refused")):
        ran = drift("--json")
    why = "The database does not answer. Start it, or set DATABASE_URL to its address. (refused)"
    assert ran == could_not_compare(why)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ["--since", "soon"],
            "argument --since: 'soon' is not a date, time or age: use 2026-11-24, 2026-11-24T04:25 or an age s",
        ),
        (["--watch", "0"], "argument --watch: '0' is not a number above 0"),
        (["--watch", "x"], "argument --watch: 'x' is not a number above 0"),
        (["--everything"], "unrecognized arguments: --everything"),
        (["--database", "other"], "argument --database: invalid choice: 'other'"),
        (
            ["--models", "nope"],
            "Could not compare: No registered document has this model or app. Pass --models one that",
        ),
    ],
)
def test_invalid_arguments_are_one_line(arguments, said):
    ran = run("search_drift", *arguments)
    assert (ran.code, ran.output, ran.errors.count("\n")) == (2, "", 1)
    assert ran.errors.startswith(f"CommandError: {said}")


def watched(monkeypatch, runs: int, *arguments: str, between=lambda: None) -> Ran:
    """Run --watch until Ctrl-C in its last pause; call `between` in every other pause."""
    pauses = iter([between] * (runs - 1))

    def pause(interval: float, duration: float) -> float:
        next(pauses, interrupt)()
        return 0.0

    monkeypatch.setattr(drift_run, "pause", pause)
    return drift("--watch", "1", *arguments)


def interrupt() -> None:
    raise KeyboardInterrupt


def test_watch_compares_until_it_is_stopped(engine, six, monkeypatch):
    ran = watched(monkeypatch, 2, between=lambda: engine.delete(index=six, id=pk(1)))
    missing = ["6 rows, 5 documents, 1 missing", f"  missing: {pk(1)}"]
    assert ran == Ran(0, says(0, "6 rows, 6 documents, in step").output + says(1, *missing).output)


def test_watch_prints_a_line_of_json_for_each_comparison_and_repairs(engine, six, monkeypatch):
    ran = watched(monkeypatch, 3, "--json", "--repair", between=lambda: engine.delete(index=six, id=pk(1)))
    results = [json.loads(line)["documents"][0] for line in ran.output.splitlines()]
    assert ran.code == 0
    assert [(result["missing"]["count"], result["repaired"]) for result in results] == [(0, 0), (1, 1), (1, 1)]


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (
            OperationalError("refused\nby it"),
            "The database does not answer. Start it, or set DATABASE_URL to its address. (refused by it)",
        ),
        (EngineUnavailable("away"), str(EngineUnavailable("away"))),
    ],
)
def test_watch_continues_after_a_failure(engine, six, monkeypatch, error, message):
    failures = iter([error, None])

    def fail_first(document, using, **options):
        if failure := next(failures):
            raise failure
        return drift_run.check_drift(document, using, **options)

    monkeypatch.setattr(search_drift, "check_drift", fail_first)
    ran = watched(monkeypatch, 2)
    assert ran == Ran(0, says(0, "6 rows, 6 documents, in step").output, f"Could not compare: {message}\n")


def test_database_is_the_one_that_is_compared(six, monkeypatch):
    used = []

    def check_drift(document, using, **options):
        used.append(using)
        return drift_run.check_drift(document, "default", **options)

    monkeypatch.setattr(search_drift, "check_drift", check_drift)
    monkeypatch.setattr(arguments, "connections", ["default", "other"])
    assert drift("--database", "other").code == 0
    assert drift().code == 0
    assert used == ["other", "default"]
