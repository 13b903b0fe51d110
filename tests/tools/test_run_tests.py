"""The matrix tests the versions that ship, and low branch coverage fails a whole run."""

import os
import re
import sys

import pytest
from ruamel.yaml import YAML

from tools import branch_coverage, run_tests
from tools.branch_coverage import BranchCoverage
from tools.paths import ROOT
from tools.run_tests import EMBEDDED, MATRIX, PYTHON, SQLITE, Run


def compose_version(service):
    services = YAML(typ="safe").load((ROOT / "docker-compose.yml").read_text())["services"]
    return services[service]["image"].partition(":")[2]


def dockerfile_python():
    match = re.search(r"^FROM python:(.+)-slim$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert match
    return match[1]


def test_the_last_run_is_on_the_servers_of_docker_compose():
    last = MATRIX[-1]
    assert last.engine == compose_version("elasticsearch")
    assert re.fullmatch(rf"PostgreSQL {compose_version('postgres')}(\.\d+)?", last.database)


def test_the_image_has_the_interpreter_of_ci():
    assert dockerfile_python() == PYTHON


@pytest.mark.skipif(os.environ.get("REQUIRE_ALL") != "1", reason="only CI must have the interpreter of the image")
def test_ci_has_the_interpreter_of_the_image():
    assert "{}.{}".format(*sys.version_info) == dockerfile_python()


@pytest.mark.parametrize(("covered", "is_enough"), [(919, False), (920, True), (1000, True)])
def test_the_floor_of_the_branches(covered, is_enough):
    coverage = BranchCoverage(covered, 1000)
    assert coverage.is_enough == is_enough
    assert str(coverage) == f"{covered / 10:.1f}% of branches are covered ({covered} of 1000); the floor is 92%"


class Runs:
    """Records the runs and their environment instead of executing them."""

    def __init__(self):
        self.environments = []

    def __call__(self, run, arguments, variables=None):
        self.environments.append(variables)
        return True


@pytest.fixture
def runs(monkeypatch, tmp_path):
    runs = Runs()
    matrix = [Run(EMBEDDED, SQLITE, "first", is_covered=True), Run(EMBEDDED, SQLITE, "second")]
    monkeypatch.setattr(run_tests, "MATRIX", matrix)
    monkeypatch.setattr(run_tests, "execute", runs)
    monkeypatch.setattr(run_tests, "reason_not_to_run", lambda run: None)
    monkeypatch.setattr(branch_coverage, "reset", lambda: None)
    return runs


@pytest.mark.parametrize(("covered", "passes"), [(95, True), (85, False)])
def test_a_whole_run_fails_below_the_floor_and_says_so_only_then(runs, monkeypatch, capsys, covered, passes):
    monkeypatch.setattr(branch_coverage, "combine", lambda: BranchCoverage(covered, 100))
    assert run_tests.run_all([]) is passes
    assert ("the floor is 92%" in capsys.readouterr().err) is not passes


def test_coverage_is_measured_in_some_runs_and_not_checked_for_a_selection_of_tests(runs, monkeypatch):
    monkeypatch.setattr(branch_coverage, "combine", lambda: pytest.fail("nothing is to be combined"))
    assert run_tests.run_all(["tests/orders"])
    assert runs.environments == [branch_coverage.variables(), None]


def test_coverage_is_not_checked_when_a_covered_run_is_not_possible(runs, monkeypatch):
    monkeypatch.setattr(branch_coverage, "combine", lambda: pytest.fail("nothing is to be combined"))
    monkeypatch.setattr(run_tests, "reason_not_to_run", lambda run: "No server." if run.is_covered else None)
    assert run_tests.run_all([]) is not run_tests.REQUIRE_ALL
    assert runs.environments == [None]
