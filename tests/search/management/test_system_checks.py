"""What a command of search checks before it begins: what it works with, and not what serves pages."""

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


def test_what_search_would_object_to_stops_a_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "_strangers", lambda: iter([Error("Wrong.", id="search.E001")]))
    command = SearchCommand()
    with pytest.raises(SystemCheckError, match=r"search\.E001"):
        command.check(tags=command.requires_system_checks)


def test_none_of_searchs_own_is_left_out() -> None:
    ours = [check for check in registry.get_checks() if check.__module__ == checks.__name__]
    assert {check.__name__ for check in ours} == {"check_documents", "check_settings"}
    assert all(set(check.tags) & set(SearchCommand.requires_system_checks) for check in ours)
