"""The environment is created once, and updated when the pins change."""

import pytest

from tools import bootstrap
from tools.errors import ToolError


@pytest.fixture
def installs(tmp_path, monkeypatch):
    """Use requirements and an environment in a folder of the test. Return the recorded arguments of pip."""
    (tmp_path / "requirements.txt").write_text("Django==1\n")
    (tmp_path / "requirements-dev.txt").write_text("pytest==1\n")
    (tmp_path / ".venv").mkdir()
    monkeypatch.setattr(bootstrap, "ROOT", tmp_path)
    monkeypatch.setattr(bootstrap, "FOLDER", tmp_path / ".venv")
    calls: list[tuple[str, ...]] = []
    monkeypatch.setattr(bootstrap, "pip", lambda *arguments: calls.append(arguments))
    return calls


def test_a_file_is_installed_once(installs):
    for _ in range(2):
        bootstrap.install("requirements.txt")
    assert installs == [("requirements.txt",)]


@pytest.mark.parametrize("changed", ["requirements.txt", "requirements-dev.txt"])
def test_a_changed_file_is_installed_again(installs, changed, tmp_path):
    bootstrap.install("requirements-dev.txt")
    (tmp_path / changed).write_text("other==2\n")
    bootstrap.install("requirements-dev.txt")
    assert len(installs) == 2


def test_a_failed_installation_is_tried_again(installs, monkeypatch, tmp_path):
    def fail(*arguments):
        raise ToolError("pip could not install it")

    with monkeypatch.context() as patched:
        patched.setattr(bootstrap, "pip", fail)
        with pytest.raises(ToolError):
            bootstrap.install("requirements.txt")
    bootstrap.install("requirements.txt")
    assert installs == [("requirements.txt",)]


def test_a_system_without_the_embedded_engine_is_installed_all_the_same(installs, monkeypatch, tmp_path, capsys):
    (tmp_path / "requirements-embedded.txt").write_text("noida-db==0.2.3\n")

    def fail(*arguments):
        raise ToolError("ERROR: No matching distribution found for noida-db==0.2.3")

    monkeypatch.setattr(bootstrap, "pip", fail)
    bootstrap.install_embedded()
    assert capsys.readouterr().out.splitlines()[-1] == (
        "There is no embedded engine for this system; set ELASTICSEARCH_URL to a real one."
    )


def test_an_altered_embedded_engine_is_refused(installs, monkeypatch, tmp_path):
    (tmp_path / "requirements-embedded.txt").write_text("noida-db==0.2.3\n")

    def fail(*arguments):
        raise ToolError("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES")

    monkeypatch.setattr(bootstrap, "pip", fail)
    with pytest.raises(ToolError, match="DO NOT MATCH"):
        bootstrap.install_embedded()


def test_an_environment_whose_python_is_gone_is_not_usable(tmp_path, monkeypatch):
    python = tmp_path / "python"
    monkeypatch.setattr(bootstrap, "PYTHON", python)
    assert not bootstrap.is_usable()
    python.symlink_to(tmp_path / "gone")
    assert not bootstrap.is_usable()
