"""The settings of search: typed, with defaults, read late."""

import re
from pathlib import Path
from typing import get_args, get_type_hints

import pytest

from project import settings as project_settings
from search import conf as module
from search.conf import SearchSettings, conf

NAMES = sorted(get_type_hints(SearchSettings))
SOURCE = Path(module.__file__).parent


@pytest.mark.parametrize("name", NAMES)
def test_a_default_is_of_its_type(settings, name):
    if hasattr(settings, f"SEARCH_{name}"):
        delattr(settings, f"SEARCH_{name}")
    kind, value = get_type_hints(SearchSettings)[name], getattr(conf, name)
    assert value in get_args(kind) if get_args(kind) else type(value) is kind


@pytest.mark.parametrize("name", NAMES)
def test_a_setting_is_read_late(settings, name):
    before = getattr(conf, name)
    setattr(settings, f"SEARCH_{name}", "another")
    assert (before != "another", getattr(conf, name)) == (True, "another")


def test_a_name_that_is_no_setting_is_an_error(settings):
    settings.SEARCH_TYPO = 1
    with pytest.raises(AttributeError):
        _ = conf.TYPO


def test_what_the_project_sets_is_a_setting():
    assert {name.removeprefix("SEARCH_") for name in dir(project_settings) if name.startswith("SEARCH_")} <= set(NAMES)


def test_every_setting_is_used_and_every_used_one_exists():
    folders = (SOURCE, SOURCE.parent / "order_search")
    text = "\n".join(path.read_text() for folder in folders for path in folder.rglob("*.py"))
    assert set(re.findall(r"\bconf\.([A-Z_]+)\b", text)) == set(NAMES)


def test_nothing_else_reads_them_by_another_way():
    way = re.compile(r'settings\.SEARCH_|settings, f?"SEARCH_')
    assert [path.name for path in SOURCE.rglob("*.py") if way.search(path.read_text())] == ["conf.py"]


def test_a_lease_outlives_the_call_it_is_for():
    """Else a second relay would send what the first is sending."""
    assert conf.RELAY_LEASE > conf.ENGINE_TIMEOUT > conf.PUSH_TIMEOUT
