"""Every contract of import-linter in pyproject.toml objects when it is broken, also by an import for types alone."""

import os
import shutil
import subprocess
import sys
import tomllib
from itertools import pairwise
from pathlib import Path

import pytest

pytestmark = pytest.mark.anywhere

ROOT = Path(__file__).resolve().parent.parent
LINTER = Path(sys.executable).parent / "lint-imports"
CONFIG = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
CONTRACTS = {contract["id"]: contract for contract in CONFIG["contracts"]}


@pytest.fixture
def tree(tmp_path):
    """A scratch copy of the packages that the contracts speak of."""
    for package in CONFIG["root_packages"]:
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__", "static"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def lint(tree, *arguments):
    """Run lint-imports over the tree; wide enough that no line is wrapped."""
    return subprocess.run(
        [LINTER, "--no-logo", "--no-cache", *arguments],
        cwd=tree,
        env=os.environ | {"COLUMNS": "300", "PYTHONPATH": str(tree)},
        capture_output=True,
        text=True,
        check=False,
    )


def add_import(tree, importer, imported, for_types=False):
    """Append an import to a module, at run time or under TYPE_CHECKING."""
    module = tree / Path(*importer.split("."))
    path = module / "__init__.py" if module.is_dir() else module.with_suffix(".py")
    statement = f"\nimport {imported}  # noqa\n"
    if for_types:
        statement = f"\nimport typing\nif typing.TYPE_CHECKING:\n    import {imported}\n"
    path.write_text(path.read_text() + statement)


def assert_objects(tree, contract, complaint):
    """Only this contract is checked, it is broken, and the complaint is among what it says."""
    result = lint(tree, "--contract", contract)
    assert result.returncode == 1, result.stdout + result.stderr
    assert f"{CONTRACTS[contract]['name']} BROKEN" in result.stdout
    assert complaint in result.stdout


def names(layer):
    """Return the modules of one layer; those in parentheses need not exist."""
    return [name.strip("() ") for name in layer.replace(":", "|").split("|")]


def layers_of_search():
    """Return the layers of search with the modules that exist, from the highest to the lowest."""
    layers = [names(layer) for layer in CONTRACTS["search"]["layers"]]
    return [[name for name in layer if module_exists(f"search.{name}")] for layer in layers]


def module_exists(name):
    path = ROOT / Path(*name.split("."))
    return path.is_dir() or path.with_suffix(".py").exists()


LAYERS = layers_of_search()
UPWARDS = [(f"search.{lower[0]}", f"search.{higher[0]}") for higher, lower in pairwise(LAYERS)]
BETWEEN_APPS = [
    ("orders.models", "search.conf"),
    ("orders.models", "order_search.documents"),
    ("orders.models", "desk.base"),
    ("orders.models", "project.urls"),
    ("search.conf", "orders.models"),
    ("search.conf", "order_search.documents"),
    ("search.conf", "desk.base"),
    ("search.conf", "project.urls"),
    ("order_search.documents", "desk.base"),
    ("order_search.documents", "project.urls"),
    ("desk.base", "project.urls"),
]


def test_the_project_keeps_every_contract(tree):
    result = lint(tree)
    assert result.returncode == 0, result.stdout
    assert f"Contracts: {len(CONTRACTS)} kept, 0 broken." in result.stdout


def test_every_contract_is_broken_by_a_test_of_this_file():
    assert CONTRACTS.keys() == {"apps", "search", "cycles", "product"}


@pytest.mark.parametrize(("importer", "imported"), BETWEEN_APPS)
def test_an_app_must_not_import_one_above_or_next_to_it(tree, importer, imported):
    add_import(tree, importer, imported)
    assert_objects(tree, "apps", f"{importer} -> {imported} (l.")


def test_an_app_must_not_import_one_above_it_for_types_alone(tree):
    add_import(tree, "orders.models", "search.models", for_types=True)
    assert_objects(tree, "apps", "- orders.models -> search.models (l.")


@pytest.mark.parametrize(("importer", "imported"), UPWARDS)
def test_a_package_of_search_must_not_import_the_one_above_it(tree, importer, imported):
    add_import(tree, importer, imported)
    assert_objects(tree, "search", f"{importer} -> {imported} (l.")


def test_a_package_of_search_must_not_import_one_above_it_for_types_alone(tree):
    add_import(tree, "search.models", "search.push", for_types=True)
    assert_objects(tree, "search", "- search.models -> search.push (l.")


def test_a_new_package_of_search_needs_a_layer(tree):
    (tree / "search" / "novelty.py").touch()
    assert_objects(tree, "search", "- search.novelty")


@pytest.mark.parametrize("for_types", [False, True])
def test_the_modules_of_a_package_must_not_import_each_other_in_a_circle(tree, for_types):
    add_import(tree, "orders.models", "orders.serializers", for_types)
    assert_objects(tree, "cycles", "No cycles are allowed in orders.")


@pytest.mark.parametrize("for_types", [False, True])
@pytest.mark.parametrize("imported", ["tools", "benchmarks", "tests"])
def test_the_product_must_not_import_what_only_serves_its_making(tree, imported, for_types):
    add_import(tree, "desk.base", imported, for_types)
    assert_objects(tree, "product", f"desk.base -> {imported} (l.")
