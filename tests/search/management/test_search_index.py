"""`manage.py search_index`: each action and flag, what it says and leaves, and what it refuses."""

import io
import json
import os
import re
import signal
import threading
from collections.abc import Iterator
from datetime import timedelta
from unittest.mock import patch

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError, ProgrammingError, connections, router
from django.db.models import QuerySet
from django.utils import timezone

from order_search.documents import OrderDocument
from orders.models import Order
from search.indices import aliases, lifecycle, lock, records
from search.mapping.fingerprint import fingerprint
from search.models import Entry, Index
from tests.search.engine_help import make_orders, order, stored
from tests.search.management.running import Ran, fault, run
from tests.support import assert_in_step

pytestmark = [pytest.mark.engine, pytest.mark.conformance, pytest.mark.django_db(transaction=True)]
ALIAS = aliases.alias_of(OrderDocument)
ITEMS = ALIAS.removesuffix("orders") + "items"
INVALID_FILTER = (
    "The rows cannot be filtered like this. Use fields and values of the model, as in a queryset's filter(). "
)
INCOMPATIBLE = "These options cannot be combined. See `manage.py search_index --help`. "
ACTIONS = "--create, --populate, --rebuild, --resume, --rollback, --prune, --delete, --adopt, --check, --list"


@pytest.fixture(autouse=True)
def _short_pushes(settings) -> None:
    """A rebuild waits for the longest push before it deletes the old index."""
    settings.SEARCH_PUSH_TIMEOUT = 0.1


def index(*arguments: str) -> Ran:
    """Run the command for orders. In its output, replace the dated names by A, B, C, the oldest first."""
    return lettered(run("search_index", "--models", "orders", *arguments))


def lettered(ran: Ran) -> Ran:
    names = sorted(set(re.findall(rf"{re.escape(ALIAS)}-\d{{20}}", ran.output + ran.errors)))
    output, errors = ran.output, ran.errors
    for at, name in enumerate(names):
        output, errors = output.replace(name, "ABC"[at]), errors.replace(name, "ABC"[at])
    return Ran(ran.code, output, errors)


def says(*lines: str) -> Ran:
    """Return a success with these lines about orders."""
    return Ran(0, "".join(f"{ALIAS}: {line}\n" for line in lines))


def alias_target() -> str:
    name = aliases.alias_target(ALIAS)
    assert name
    return name


def states() -> list[str]:
    """Return the recorded states, the oldest index first."""
    return list(Index.objects.filter(alias=ALIAS).order_by("name").values_list("state", flat=True))


# Create


def test_create_creates_an_index_and_is_harmless_again(engine):
    assert index("--create") == says("created A")
    name = alias_target()
    assert index("--create") == says("A is there already")
    assert (alias_target(), states()) == (name, ["live"])


def test_create_counts_the_rows_that_are_not_indexed(engine):
    make_orders(1)
    said = "not indexed; run manage.py search_index --rebuild"
    assert index("--create") == says("created A", f"1 row is {said}")
    Order.objects.bulk_create([order(2)])
    assert index("--create") == says("A is there already", f"2 rows are {said}")


def test_create_as_json(engine):
    ran = index("--create", "--json")
    result = {"alias": ALIAS, "name": "A", "created": True, "replaced": "", "unindexed": 0}
    assert (ran.code, ran.errors, json.loads(ran.output)) == (0, "", {"action": "create", "results": [result]})


def test_create_syncs_the_records_with_the_alias(engine):
    index("--create")
    recorded = alias_target()
    other = lifecycle.create_physical_index(OrderDocument)
    engine.indices.update_aliases(
        actions=[{"remove": {"index": recorded, "alias": ALIAS}}, {"add": {"index": other, "alias": ALIAS}}]
    )
    repair = "A was recorded as live; run manage.py search_drift --repair"
    assert index("--create") == says("B is there already", repair)
    assert states() == ["retired", "live"]


def test_every_document_without_models(engine):
    ran = lettered(run("search_index", "--create"))
    assert re.sub(r"\d{20}", "I", ran.output) == f"{ITEMS}: created {ITEMS}-I\n{ALIAS}: created A\n"
    assert lettered(run("search_index", "--list", "--models", "shop.item", "ORDERS.Order")).output.count("\n") == 2


# Populate


@pytest.fixture
def five(engine):
    """An empty index, and five orders that are not pushed."""
    index("--create")
    make_orders(5)
    return engine


def indexed(engine) -> list[str]:
    return sorted(source["order_number"] for source in stored(engine, ALIAS).values())


def test_populate_writes_all_rows(five):
    assert index("--populate", "--parallel", "--no-count", "--refresh") == says("indexed 5")
    assert_in_step(alias_target())


def test_populate_by_value_moment_and_key(five):
    old, *_, last = Order.objects.order_by("pk")
    Order.objects.filter(pk=last.pk).update(customer_name="Changed")
    assert index("--populate", "--where", "order_number=order00002") == says("indexed 1")
    assert index("--populate", "--where", "customer_name=Changed", "--where", "total_amount__gt=9") == says("indexed 0")
    assert index("--populate", "--pks", str(last.pk), "123456789012345678") == says("indexed 1")
    assert index("--populate", "--since", "2999-01-01") == says("indexed 0")
    assert indexed(five) == ["order00002", "order00005"]
    assert index("--populate", "--since", "1h", "--pks", str(old.pk), str(last.pk)) == says("indexed 2")
    assert index("--populate", "--since", "1970-01-01T00:00", "--batch-size", "2", "--throttle", "1000") == says(
        "indexed 5"
    )
    assert_in_step(alias_target())


def test_populate_as_json(five):
    results = [{"alias": ALIAS, "indexed": 5}]
    ran = index("--populate", "--json")
    assert (ran.code, json.loads(ran.output)) == (0, {"action": "populate", "results": results})


INVALID_FILTER_NONE = [
    (["--where", "total_amount=x"], "(--where: “x” value must be a decimal number.)"),
    (["--where", "nope=1"], "(--where: Cannot resolve keyword 'nope' into field. Choices are: created_at,"),
    (["--where", "id__isnull=1"], "(--where: The QuerySet value for an isnull lookup must be True or False.)"),
    (["--pks", "x"], "(--pks: Field 'id' expected a number but got 'x'.)"),
]


def test_populate_refuses_what_chooses_no_rows(five):
    for flags, why in INVALID_FILTER_NONE:
        ran = index("--populate", *flags)
        assert (ran.code, ran.output, ran.errors.count("\n")) == (1, "", 1)
        assert ran.errors.startswith(f"CommandError: {INVALID_FILTER}{why}")
    assert indexed(five) == []


def test_populate_without_an_index(engine):
    assert index("--populate") == fault(f"There is no index yet. Run `manage.py search_index --create`. ({ALIAS})")


def test_older_code_does_not_populate_a_newer_index(five):
    Index.objects.update(fingerprint="newer", replaces=[fingerprint(OrderDocument)])
    why = "The live index was created by newer code, and this code would write outdated documents. Run the newer code."
    assert index("--populate") == fault(f"{why} (A)")
    assert index("--populate", "--dry-run") == fault(f"{why} (A)")
    assert indexed(five) == []


# Rebuild, roll back, prune


def test_rebuild_replaces_the_index_and_does_not_ask(five):
    assert index("--rebuild") == says("indexed 5 into B, which is live now", "A is deleted")
    assert states() == ["live"]
    assert_in_step(alias_target())


def test_rebuild_with_the_flags_of_the_package(five):
    flags = ["-f", "--use-alias", "--use-alias-keep-index", "--parallel", "--refresh", "--no-count"]
    assert index("--rebuild", *flags) == says("indexed 5 into B, which is live now", "A is kept as standby")
    assert index("--rebuild", "--no-parallel", "--workers", "2", "--use-alias", "--batch-size", "2") == says(
        "indexed 5 into B, which is live now", "A is deleted"
    )
    assert states() == ["standby", "live"]


def test_the_first_rebuild_needs_no_create(engine):
    make_orders(3)
    assert index("--rebuild") == says("indexed 3 into A, which is live now")
    assert_in_step(alias_target())


def test_rebuild_as_json(five):
    old = alias_target()
    ran = run("search_index", "--rebuild", "--standby", "--json", "--models", "orders.Order")
    [result] = json.loads(ran.output)["results"]
    assert result.pop("seconds") > 0
    assert result == {"alias": ALIAS, "name": alias_target(), "indexed": 5, "replaced": old, "standby": True}


def test_a_rebuild_with_missing_rows_names_them_and_swaps_nothing(five):
    live, [first, *_] = alias_target(), Order.objects.order_by("pk")
    Entry.objects.all().delete()  # pending changes are no drift
    engine = five
    send = engine.__class__.bulk

    def refusing(client, **options):
        answer = send(client, **options)
        engine.delete(index=Index.objects.get(state="building").name, id=str(first.pk))
        return answer

    with patch.object(engine.__class__, "bulk", refusing):
        ran = index("--rebuild")
    why = "The new index differs from the database, so the old one stays live. Correct the rows and rebuild again."
    assert ran == fault(f"{why} (1 differ: {first.pk} missing)")
    assert (alias_target(), states()) == (live, ["live"])


def test_rollback_and_back_again(five):
    index("--rebuild", "--standby")
    assert index("--rollback") == says("A is live, B is kept as standby")
    assert index("--rollback") == says("B is live, A is kept as standby")
    assert states() == ["standby", "live"]


def test_nothing_to_roll_back_to_or_to_resume(five):
    said = "There is no standby index to roll back to. Rebuild with --standby next time."
    assert index("--rollback") == fault(f"{said} ({ALIAS})")
    said = "There is no interrupted rebuild. Run `manage.py search_index --rebuild`."
    assert index("--resume") == fault(f"{said} ({ALIAS})")
    assert index("--resume", "--dry-run") == fault(f"{said} ({ALIAS})")


def test_one_document_with_nothing_to_do_does_not_stop_the_others(five):
    run("search_index", "--create")
    index("--rebuild", "--standby")
    ran = lettered(run("search_index", "--rollback"))
    assert ran == says("A is live, B is kept as standby")
    ran = run("search_index", "--resume")
    assert ran == fault(f"There is no interrupted rebuild. Run `manage.py search_index --rebuild`. ({ITEMS})")


def interrupt(five) -> None:
    """Interrupt a rebuild that has filled its index."""
    with patch("search.rebuild.rebuild.verify", side_effect=KeyboardInterrupt):
        ran = index("--rebuild")
    assert ran == fault("Interrupted. Run `manage.py search_index --resume` to continue an interrupted rebuild.")


def test_resume_continues_where_it_was_stopped(five):
    interrupt(five)
    assert states() == ["live", "building"]
    assert index("--resume", "--dry-run") == says("would continue A at 5 of 5 rows")
    assert index("--resume", "--standby") == says("indexed 5 into B, which is live now", "A is kept as standby")
    assert_in_step(alias_target())


def test_prune_deletes_what_is_no_longer_needed(five):
    interrupt(five)
    index("--create")
    assert index("--prune", "--dry-run") == says("would delete A")
    assert index("--prune") == says("deleted A")
    assert index("--prune") == says("nothing to prune")
    assert states() == ["live"]


def test_prune_by_age_deletes_standby_indices_too(five):
    index("--rebuild", "--standby")
    assert index("--prune") == says("nothing to prune")
    assert index("--prune", "--older-than", "7d") == says("nothing to prune")
    Index.objects.filter(state="standby").update(changed_at=timezone.now() - timedelta(days=8))
    ran = index("--prune", "--older-than", "7d", "--json")
    assert json.loads(ran.output) == {"action": "prune", "results": [{"alias": ALIAS, "deleted": ["A"]}]}
    assert states() == ["live"]


def test_a_rebuild_under_way_stops_a_second_with_its_owners_name(five):
    name, owner = lifecycle.create_physical_index(OrderDocument), lock.owner_id()
    records.record_building(OrderDocument, name, "default", owner=owner)
    said = "A rebuild is running. Wait for it to end; if its process has died, resume it after 15 seconds."
    for action in ("--rebuild", "--resume", "--delete"):
        assert index(action, "-f") == fault(f"{said} ({ALIAS}, by {owner})")
    for action in ("--rebuild", "--resume"):
        assert index(action, "--dry-run") == fault(f"{said} ({ALIAS}, by {owner})")
    assert states() == ["live", "building"]


# Delete


def test_delete_without_a_terminal_refuses(five, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    said = f"--delete deletes the indices of {ALIAS}, and there is no terminal to ask on. Add -f."
    assert index("--delete") == fault(said)
    assert states() == ["live"]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("answer", ["n\n", "\n", "", "yes of course\n"])
def test_delete_asks_and_takes_only_yes(five, monkeypatch, answer):
    monkeypatch.setattr("sys.stdin", Terminal(answer))
    asked = f"Delete the indices of {ALIAS}? [y/N]: "
    assert index("--delete") == Ran(1, "", f"{asked}CommandError: Nothing was deleted.\n")
    assert states() == ["live"]


def test_delete_after_yes(five, monkeypatch):
    index("--rebuild", "--standby")
    monkeypatch.setattr("sys.stdin", Terminal("y\n"))
    assert index("--delete") == Ran(0, f"{ALIAS}: deleted A, B\n", f"Delete the indices of {ALIAS}? [y/N]: ")
    assert (states(), list(five.indices.get(index=f"{ALIAS}*"))) == ([], [])


def test_delete_by_force(five):
    assert index("--delete", "-f", "--use-alias") == says("deleted A")
    assert index("--delete", "-f") == says("there is no index")


# Check, list, dry run


def test_check_without_problems(five):
    assert index("--check") == says("matches the code")
    assert json.loads(index("--check", "--json").output) == {
        "action": "check",
        "results": [{"alias": ALIAS, "problems": []}],
    }


def test_check_names_problems_and_exits_with_1(engine):
    engine.options(ignore_status=404).indices.delete_index_template(name=ALIAS)
    said = [
        "the index template is absent or changed: run search_index --create",
        "the alias names no index: run search_index --create",
    ]
    problems = "CommandError: The check found problems.\n"
    assert index("--check") == Ran(1, says(*said).output, problems)
    ran = index("--check", "--json")
    assert (ran.code, ran.errors, json.loads(ran.output)["results"][0]["problems"]) == (1, problems, said)


def test_list(five):
    index("--rebuild", "--standby")
    ran = index("--list")
    made, own = r"created \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", f"{fingerprint(OrderDocument)} matches the code"
    size = r"[\d.]+ (bytes|KB)"
    assert re.fullmatch(
        rf"{ALIAS}: A standby, \d documents, {size}, {made}, {own}\n"
        rf"{ALIAS}: B live, searched, 5 documents, {size}, {made}, {own}\n",
        ran.output,
    )
    assert (ran.code, ran.errors) == (0, "")


def test_list_as_json(five):
    ran = run("search_index", "--models", "orders", "--list", "--json")
    [listed] = json.loads(ran.output)["results"][0]["indices"]
    record = Index.objects.get(alias=ALIAS)
    assert isinstance(listed.pop("bytes"), int)
    assert listed.pop("created_at")
    assert listed == {
        "name": record.name,
        "alias": ALIAS,
        "state": "live",
        "searched": True,
        "documents": 0,
        "fingerprint": fingerprint(OrderDocument),
        "matches_code": True,
        "changed_at": str(record.changed_at),
        "building_owner": "",
        "verified_at": None,
    }


def test_list_without_any(engine):
    assert index("--list") == says("there is no index")


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--create"], "A is there already"),
        (["--populate", "--where", "total_amount__lt=3"], "would index 2 rows into A"),
        (["--rebuild"], "would fill a new index from 5 rows with 1 worker; A would be deleted"),
        (
            ["--rebuild", "--standby", "--workers", "3"],
            "would fill a new index from 5 rows with 3 workers; A would be",
        ),
        (["--delete"], "would delete A"),
        (["--prune"], "nothing to prune"),
    ],
)
def test_a_dry_run_says_what_would_be_and_touches_nothing(five, flags, said):
    def world():
        return list(Index.objects.values()), list(Entry.objects.values()), five.indices.get(index=f"{ALIAS}*").body

    before = world()
    ran = index(*flags, "--dry-run")
    assert (ran.code, ran.errors) == (0, "")
    assert ran.output.startswith(f"{ALIAS}: {said}")
    assert world() == before
    ran = index(*flags, "--dry-run", "--json")
    [result] = json.loads(ran.output)["results"]
    assert result["plan"].startswith(said)


def test_a_dry_run_where_there_is_nothing(engine):
    assert index("--create", "--dry-run") == says("would create an index")
    assert index("--rebuild", "--dry-run") == says("would fill a new index from 0 rows with 1 worker")
    assert index("--delete", "--dry-run") == says("there is no index")
    assert index("--populate", "--dry-run").code == 1
    assert engine.indices.get(index=f"{ALIAS}*").body == {}


# Another database


@pytest.fixture
def used_databases(five, monkeypatch) -> Iterator[set[str]]:
    """Give the default database a second name, and collect the names that queries use from now on."""
    used: set[str] = set()
    using = QuerySet.using
    monkeypatch.setitem(connections.settings, "second", connections.settings["default"])
    connections["second"] = connections["default"]
    monkeypatch.setattr(QuerySet, "using", lambda queryset, alias: used.add(alias) or using(queryset, alias))
    for name in ("db_for_read", "db_for_write"):
        monkeypatch.setattr(router, name, recorded(getattr(router, name), used))
    yield used
    del connections["second"]


def recorded(choose, used):
    def choose_and_record(model, **hints):
        database = choose(model, **hints)
        used.add(database)
        return database

    return choose_and_record


def test_database_reaches_every_query(used_databases):
    for flags in (
        ["--create"],
        ["--populate", "--where", "total_amount__lt=3"],
        ["--rebuild", "--standby"],
        ["--rollback"],
        ["--check"],
        ["--list"],
        ["--prune", "--older-than", "0s"],
        ["--delete", "-f"],
        ["--rebuild"],
    ):
        if flags[0] not in ("--check", "--list"):
            assert index(*flags, "--dry-run", "--database", "second").code == 0, flags
        assert index(*flags, "--database", "second").code == 0, flags
        assert (flags, used_databases) == (flags, {"second"})


@pytest.mark.parametrize("action", ["--resume", "--adopt"])
def test_database_reaches_the_queries_of_what_has_nothing_to_do(used_databases, action):
    assert index(action, "--database", "second").code == 1
    assert used_databases <= {"second"}


def test_an_unknown_database_is_refused(engine):
    said = "argument --database: invalid choice: 'other' (choose from 'default')"
    assert index("--list", "--database", "other") == fault(said)


# Arguments, silence, faults


REFUSED = [
    ([], f"Give one of {ACTIONS}."),
    (["--create", "--populate"], f"Give one of {ACTIONS}; not 2 of them."),
    (["--create", "--where", "a=b"], f"{INCOMPATIBLE}(--where does not apply to --create)"),
    (["--rebuild", "--pks", "1"], f"{INCOMPATIBLE}(--pks does not apply to --rebuild)"),
    (["--list", "--dry-run"], f"{INCOMPATIBLE}(--dry-run does not apply to --list)"),
    (["--create", "--older-than", "0s"], f"{INCOMPATIBLE}(--older-than does not apply to --create)"),
    (["--delete", "--standby"], f"{INCOMPATIBLE}(--standby does not apply to --delete)"),
    (["--rebuild", "--workers", "0"], "argument --workers: '0' is not a whole number of at least 1"),
    (["--rebuild", "--batch-size", "x"], "argument --batch-size: 'x' is not a whole number of at least 1"),
    (["--rebuild", "--throttle", "nan"], "argument --throttle: 'nan' is not a number above 0"),
    (["--populate", "--where", "name"], "argument --where: 'name' is not field=value"),
    (
        ["--populate", "--since", "999999w"],
        "argument --since: '999999w' is not a date, time or age: "
        "use 2026-11-24, 2026-11-24T04:25 or an age such as 12h",
    ),
    (
        ["--prune", "--older-than", "week"],
        "argument --older-than: 'week' is not an age: use 30s, 15m, 12h, 7d or 2w",
    ),
    (["--everything"], "unrecognized arguments: --everything"),
    (
        ["--list", "--models", "nope"],
        "No registered document has this model or app. Pass --models one that has. "
        "(nope; there is shop.Item, orders.Order)",
    ),
]


def test_what_is_refused_is_one_line(engine):
    for arguments, said in REFUSED:
        assert run("search_index", *arguments) == fault(said)


def test_a_program_that_calls_it_gets_an_error(engine):
    with pytest.raises(CommandError, match="Give one of"):
        call_command("search_index")
    with pytest.raises(CommandError, match="argument --workers"):
        call_command("search_index", "--rebuild", "--workers", "0")


def test_silent(five):
    for action in ("--create", "--populate", "--rebuild", "--check", "--list", "--prune"):
        assert index(action, "-v", "0") == Ran(0, "", "")
    assert index("--delete", "-f", "-v", "0") == Ran(0, "", "")


def test_without_an_engine(engine, engine_away):
    index("--create")
    engine_away()
    said = "CommandError: Elasticsearch does not answer. Start it, or set ELASTICSEARCH_URL to its address. ("
    for action in ACTIONS.split(", "):
        ran = index(action, "-f")
        assert (ran.code, ran.output, ran.errors.count("\n")) == (1, "", 1)
        assert ran.errors.startswith(said), action


def test_without_a_database(engine):
    for error, said in DATABASE_ERRORS:
        with patch.object(Index.objects, "using", side_effect=error):
            ran = index("--list")
        assert (ran.code, ran.output, ran.errors.count("\n")) == (1, "", 1)
        assert ran.errors.startswith(f"CommandError: {said}")


DATABASE_ERRORS = [
    (OperationalError("refused\nby it"), "The database does not answer. Start it, or set DATABASE_URL to its add"),
    (ProgrammingError('relation "search_index" does not exist'), "The database is not migrated. Run `manage"),
    (OperationalError("no such table: search_index"), "The database is not migrated. Run `manage.py migrat"),
    (
        ProgrammingError("permission denied"),
        "The database refused the query. Remove the cause",
    ),
]


def test_an_index_in_the_aliass_place(engine):
    engine.indices.create(index=ALIAS)
    said = "An index has the name that should be an alias. Run `manage.py search_index --adopt`, or delete the index."
    for action in ("--create", "--rebuild", "--delete", "--check"):
        assert index(action, "-f") == fault(f"{said} ({ALIAS})")
    assert list(engine.indices.get(index=ALIAS)) == [ALIAS]


def test_an_alias_of_two_indices(five):
    other = lifecycle.create_physical_index(OrderDocument)
    aliases.add_alias(ALIAS, other)
    said = "The alias names more than one index. Remove it from all but the one that should be searched."
    for action in ("--create", "--rebuild", "--check"):
        assert index(action) == fault(f"{said} ({ALIAS}: A, B)")


def test_sigterm_leaves_a_rebuild_to_be_resumed_and_the_handler_as_it_was(five):
    before = signal.getsignal(signal.SIGTERM)
    with patch("search.rebuild.rebuild.verify", side_effect=lambda *_: os.kill(os.getpid(), signal.SIGTERM)):
        ran = index("--rebuild")
    assert ran == fault("Interrupted. Run `manage.py search_index --resume` to continue an interrupted rebuild.")
    assert signal.getsignal(signal.SIGTERM) == before
    building = Index.objects.get(state="building")
    assert (building.owner, building.heartbeat_at) == ("", None)


def test_it_runs_in_a_thread_too(engine):
    said = io.StringIO()
    thread = threading.Thread(target=lambda: call_command("search_index", "--list", models=["orders"], stdout=said))
    thread.start()
    thread.join()
    assert said.getvalue() == f"{ALIAS}: there is no index\n"
