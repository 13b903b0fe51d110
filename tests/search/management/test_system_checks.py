"""The system checks that run before a command of search: documents, settings and models, but no URLs."""

import subprocess
import sys

import pytest
from django.core.checks import Error
from django.core.checks.registry import registry
from django.core.management.base import SystemCheckError

from search import checks
from search.management.base import SearchCommand

CHECKED = """
import sys, django
django.setup()
from search.management.base import SearchCommand
SearchCommand().check(tags=SearchCommand.requires_system_checks)
print(sorted({"project.urls", "order_search.views", "desk.views", "rest_framework.views"} & set(sys.modules)))
"""


def test_no_page_and_no_view_is_loaded() -> None:
    done = subprocess.run([sys.executable, "-c", CHECKED], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "[]\n"


def test_an_error_of_search_stops_a_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "_check_foreign_documents", lambda: iter([Error("Wrong.", id="search.E001")]))
    command = SearchCommand()
    with pytest.raises(SystemCheckError, match=r"search\.E001"):
        command.check(tags=command.requires_system_checks)


def test_every_check_of_search_runs() -> None:
    ours = [check for check in registry.get_checks() if check.__module__ == checks.__name__]
    assert set(ours) == {checks.check_documents, checks.check_settings}
    assert all(set(check.tags) & set(SearchCommand.requires_system_checks) for check in ours)
