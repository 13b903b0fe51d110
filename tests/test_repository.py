"""What a contributor meets before the code: the hooks, the workflow and the README say what holds."""

import re
from pathlib import Path

from ruamel.yaml import YAML

from tools import lint

ROOT = Path(__file__).resolve().parent.parent
MAX_README_LINES = 130


def load(path):
    return YAML(typ="safe").load((ROOT / path).read_text())


def steps():
    return load(".github/workflows/ci.yml")["jobs"]["test"]["steps"]


def test_each_hook_of_pre_commit_runs_a_linter_of_the_environment():
    repositories = load(".pre-commit-config.yaml")["repos"]
    assert [repository["repo"] for repository in repositories] == ["local"]  # so that no network is needed
    hooks = repositories[0]["hooks"]
    assert all(hook["language"] == "system" for hook in hooks)
    programs = [word for hook in hooks for word in hook["entry"].split() if word.startswith(".venv/bin/")]
    linters = {f".venv/bin/{Path(command[0]).name}" for command in lint.commands()}
    assert set(programs) == {f".venv/bin/{name}" for name in ("codespell", "lint-imports", "mypy", "ruff")}
    assert set(programs) <= linters


def test_the_workflow_lints_and_tests_everything():
    runs = [(step["run"], step.get("env", {})) for step in steps() if "run" in step]
    assert runs[1:] == [("script/lint", {}), ("script/test --all", {"REQUIRE_ALL": "1"})]


def test_the_workflow_installs_the_packages_of_the_ci_script():
    wanted = re.findall(r"^need ([\w-]+) ", (ROOT / ".ci" / "run").read_text(), re.MULTILINE)
    installed = steps()[0]["run"].split()
    assert wanted
    assert [package for package in wanted if package not in installed] == []


def test_the_editors_indentation_is_that_of_the_files():
    config = (ROOT / ".editorconfig").read_text()
    assert "max_line_length = 120" in config  # ruff's line-length
    assert "line-length = 120" in (ROOT / "pyproject.toml").read_text()


def test_the_readme_is_short():
    assert len((ROOT / "README.md").read_text().splitlines()) < MAX_README_LINES
