"""`manage.py search_capture`: whole output, exit codes, and what is captured afterwards."""

import json
import sys

import pytest
from django.db import connection, transaction

from search.models import Entry
from search.outbox import capture, introspection
from tests.search.management.running import Ran, fault, run
from tests.shop.models import Item
from tests.support import in_threads

pytestmark = pytest.mark.django_db(transaction=True)
ALL = "orders.Order: captured\norders.OrderLine: captured\nshop.Item: captured\nshop.Part: captured\n"


@pytest.fixture(autouse=True)
def _installed_again():
    yield
    capture.install()


@pytest.fixture
def terminal(monkeypatch):
    """Return a function that sets a terminal's answer; it returns the list of questions."""

    def answer(text):
        questions = []
        monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
        monkeypatch.setattr("builtins.input", lambda question: questions.append(question) or text)
        return questions

    return answer


def drop(name="search_capture_shop_item_update"):
    introspection.drop(connection, [name])


def test_status_when_all_is_captured():
    assert run("search_capture", "--status") == Ran(0, ALL)


def test_status_when_a_trigger_is_missing():
    drop()
    absent = ALL.replace("shop.Item: captured", "shop.Item: NOT captured: run manage.py search_capture --install")
    assert run("search_capture", "--status") == Ran(1, absent)


def test_status_as_json():
    drop("search_capture_shop_part_item_shop_item_delete")
    ran = run("search_capture", "--status", "--json")
    assert (ran.code, ran.errors) == (1, "")
    models = {"orders.Order": True, "orders.OrderLine": True, "shop.Item": True, "shop.Part": False}
    assert json.loads(ran.output) == {"captured": False, "installed": [], "models": models}


def test_install_when_nothing_is_missing():
    assert run("search_capture", "--install") == Ran(0, ALL)


def test_install_restores_missing_triggers_and_queues_rows_that_were_not_captured():
    item = Item.objects.create(name="a")
    drop()
    Entry.objects.all().delete()
    assert run("search_capture", "--install") == Ran(0, ALL.replace("Item: captured", "Item: installed"))
    assert list(Entry.objects.values_list("key", flat=True)) == [f"shop.Item:{item.pk}"]
    assert capture.status()["shop.Item"]


def test_install_as_json():
    drop()
    ran = run("search_capture", "--install", "--json")
    models = {"orders.Order": True, "orders.OrderLine": True, "shop.Item": True, "shop.Part": True}
    assert (ran.code, json.loads(ran.output)) == (
        0,
        {"captured": True, "installed": ["shop.Item"], "models": models},
    )


def test_remove_without_a_terminal_refuses():
    ran = run("search_capture", "--remove")
    assert ran == fault("--remove needs a confirmation, but there is no terminal. Add --force.")
    assert all(capture.status().values())


@pytest.mark.parametrize("answer", ["", "n", "no", "yes please"])
def test_remove_that_is_not_confirmed_removes_nothing(terminal, answer):
    questions = terminal(answer)
    assert run("search_capture", "--remove") == fault("Nothing was removed.")
    assert questions == ["Stop recording changes? The index will get out of step without an error. [y/N]: "]
    assert all(capture.status().values())


REMOVED = """\
Capture is removed. Changes are no longer recorded, and the index gets out of step without an error.
To undo this: manage.py search_capture --install, which queues every row. The next manage.py migrate does the same.
To record changes without pushing them, set SEARCH_PUSH=off instead.
To uninstall: manage.py migrate search zero, then remove search from INSTALLED_APPS.
"""


@pytest.mark.parametrize("answer", ["y", " Y "])
def test_remove_that_is_confirmed_explains_how_to_undo_it(terminal, answer):
    terminal(answer)
    assert run("search_capture", "--remove") == Ran(0, REMOVED)
    Item.objects.create(name="a")
    assert Entry.objects.count() == 0


@pytest.mark.parametrize("flag", ["-f", "--force"])
def test_remove_by_force_does_not_ask(flag):
    assert run("search_capture", "--remove", flag) == Ran(0, REMOVED)
    assert not any(capture.status().values())


def test_remove_as_json():
    ran = run("search_capture", "--remove", "-f", "--json")
    models = {"orders.Order": False, "orders.OrderLine": False, "shop.Item": False, "shop.Part": False}
    assert (ran.code, json.loads(ran.output)) == (0, {"captured": False, "installed": [], "models": models})


@pytest.mark.parametrize("back", [["search_capture", "--install"], ["migrate", "--verbosity", "0"]])
def test_install_and_migrate_queue_rows_that_changed_without_capture(back):
    run("search_capture", "--remove", "-f")
    item = Item.objects.create(name="unseen")
    assert run(*back).code == 0
    assert list(Entry.objects.values_list("key", flat=True)) == [f"shop.Item:{item.pk}"]


def test_install_before_the_outbox_exists_is_not_reported_as_installed(monkeypatch):
    run("search_capture", "--remove", "-f")
    monkeypatch.setattr(capture, "_installable", lambda connection: [])
    missing = "NOT captured: run manage.py migrate"
    expected = f"orders.Order: {missing}\norders.OrderLine: {missing}\nshop.Item: {missing}\nshop.Part: {missing}\n"
    assert run("search_capture", "--install") == Ran(1, expected)


@pytest.mark.slow
@pytest.mark.postgres
@pytest.mark.parametrize("action", ["--install", "--remove"])
def test_a_table_in_use_is_one_line(action):
    drop()
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("LOCK TABLE shop_item IN ROW EXCLUSIVE MODE")
        [ran] = in_threads(lambda: run("search_capture", action, "-f"))
    what = {"--install": "shop.Item", "--remove": "all models"}[action]
    assert ran == fault(
        "The triggers could not be changed because a table is locked. Run the command again. "
        f"({what}: canceling statement due to lock timeout)"
    )


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ([], "one of the arguments --status --install --remove is required"),
        (["--status", "--remove"], "argument --remove: not allowed with argument --status"),
        (["--status", "--database", "other"], "argument --database: invalid choice: 'other'"),
    ],
)
def test_invalid_arguments(arguments, problem):
    ran = run("search_capture", *arguments)
    assert (ran.code, ran.output) == (1, "")
    [line] = ran.errors.splitlines()
    assert line.startswith(f"CommandError: {problem}")
