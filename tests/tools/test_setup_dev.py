"""`manage.py embedded_engine` becomes the engine, after a look at whether it should."""

import io

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command

from search import embedded
from search.exceptions import EmbeddedEngineMissing
from search.management.commands import embedded_engine


@pytest.fixture(autouse=True)
def debug(settings):
    settings.DEBUG = True
    return settings


@pytest.fixture
def executed(monkeypatch):
    """What the process would become."""
    commands: list[list[str]] = []
    monkeypatch.setattr(embedded_engine.os, "execv", lambda program, command: commands.append(command))
    monkeypatch.setattr(embedded, "program", lambda: "/noida-db")
    return commands


@pytest.mark.django_db
def test_it_becomes_the_engine(executed, tmp_path):
    call_command("embedded_engine", port=12345, data_dir=tmp_path / "data")
    assert executed == [embedded.command(12345, tmp_path / "data")]
    assert (tmp_path / "data").is_dir()


@pytest.mark.django_db
def test_many_rows_are_warned_of(executed, tmp_path, monkeypatch):
    monkeypatch.setattr(embedded_engine, "rows", lambda: 5_001)
    stderr = io.StringIO()
    call_command("embedded_engine", port=12345, data_dir=tmp_path, stderr=stderr)
    assert stderr.getvalue() == ("5001 rows are many for the embedded engine. Set ELASTICSEARCH_URL to a real one.\n")
    assert len(executed) == 1


@pytest.mark.django_db
def test_a_few_rows_are_not(executed, tmp_path):
    stderr = io.StringIO()
    call_command("embedded_engine", port=12345, data_dir=tmp_path, stderr=stderr)
    assert stderr.getvalue() == ""


@pytest.mark.django_db
def test_rows_are_counted_over_every_document(executed):
    from orders.models import Order

    assert embedded_engine.rows() == 0
    Order.objects.bulk_create(
        Order(order_number=f"n{number}", customer_name="x", total_amount=1) for number in range(3)
    )
    assert embedded_engine.rows() == 3


def test_without_a_port_it_says_what_to_give(executed, settings):
    with pytest.raises(CommandError) as error:
        call_command("embedded_engine", port=0)
    assert str(error.value) == "Give --port, or set EMBEDDED_ENGINE_PORT; script/server does so."


def test_debug_off_is_refused(executed, settings):
    settings.DEBUG = False
    with pytest.raises(ImproperlyConfigured):
        call_command("embedded_engine", port=12345)
    assert executed == []


@pytest.mark.django_db
def test_where_it_cannot_run_is_one_line(monkeypatch, tmp_path):
    def missing():
        raise EmbeddedEngineMissing("musl")

    monkeypatch.setattr(embedded, "program", missing)
    with pytest.raises(CommandError) as error:
        call_command("embedded_engine", port=12345, data_dir=tmp_path)
    assert str(error.value) == str(EmbeddedEngineMissing("musl"))
