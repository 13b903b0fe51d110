"""What a run says about the code that it measured."""

import subprocess

import pytest

from benchmarks.machine import CODE, code
from tools.paths import ROOT


@pytest.fixture
def repository(tmp_path):
    """Create one with a file in each part of the code and another file, all committed."""
    for name in ["search/a.py", "order_search/e.py", "orders/b.py", "project/c.py", "gunicorn.conf.py", "docs/d.md"]:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("1")
    git(tmp_path, "init", "--quiet")
    commit(tmp_path)
    return tmp_path


def git(folder, *arguments):
    who = ["-c", "user.name=A", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True)


def commit(folder):
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "--message", "more")


@pytest.mark.parametrize(
    "name", ["search/a.py", "order_search/e.py", "orders/b.py", "project/c.py", "gunicorn.conf.py"]
)
def test_code_that_differs_has_another_id(repository, name):
    before = code(repository)
    (repository / name).write_text("2")
    assert code(repository) == ""  # it is not what HEAD says
    commit(repository)
    assert len(code(repository)) == len(before) == 10
    assert code(repository) != before


def test_what_is_no_code_of_the_service_changes_nothing(repository):
    before = code(repository)
    (repository / "docs/d.md").write_text("2")
    assert code(repository) == before
    commit(repository)
    assert code(repository) == before


def test_without_a_repository_the_code_is_unknown(tmp_path, monkeypatch):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert code(tmp_path) == ""


def test_all_of_it_is_there():
    assert [path for path in CODE if not (ROOT / path).exists()] == []
