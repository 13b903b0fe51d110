"""Another project takes the folder search/, under its own name or another, as search/README.md says.

The project is a fresh one of django-admin, with an app of its own that docs/index-your-own-model.md describes. Nothing
of this repository can be imported there.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from importlib.metadata import packages_distributions, requires
from pathlib import Path
from textwrap import dedent

import pytest
from django.conf import settings
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "search" / "README.md"
TUTORIAL = ROOT / "docs" / "index-your-own-model.md"
FENCE = re.compile(r"^ *```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
OF_THIS_REPOSITORY = {"benchmarks", "desk", "order_search", "orders", "project", "tests", "tools"}
SITE = ROOT / "tests" / "another_project"
INHERITED = ("PATH", "HOME", "LANG", "TMPDIR")
NOT_COPIED = shutil.ignore_patterns("__pycache__", "ruff.toml")

# Some thirty processes a test.
pytestmark = [pytest.mark.engine, pytest.mark.slow, pytest.mark.timeout(600)]


def blocks(path, language):
    """Return the fenced blocks of a page that are in this language."""
    return [dedent(block) for kind, block in FENCE.findall(path.read_text()) if kind == language]


def commands(path):
    """Yield (arguments of manage.py, lines typed into it) for each command of the page's console sessions."""
    for block in blocks(path, "console"):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE):
            command, _, output = part.partition("\n")
            if command.startswith("python manage.py "):
                yield command.split()[2:], "\n".join(re.findall(r"^>>> (.*)$", output, re.MULTILINE))


def listed_packages():
    """Return the packages that search/README.md lists, and all that those need, by their canonical names."""
    (block,) = blocks(README, "text")
    todo = [Requirement(line) for line in block.splitlines()]
    closure = set()
    while todo:
        requirement = todo.pop()
        name = canonicalize_name(requirement.name)
        closure.add(name)
        needs = [Requirement(line) for line in requires(name) or ()]
        todo += [need for need in needs if applies(need, requirement.extras) and need.name not in closure]
    return closure


def applies(requirement, extras):
    """Whether a package that was asked for with these extras needs the other."""
    marker = requirement.marker
    return not marker or any(marker.evaluate({"extra": extra}) for extra in extras or {""})


def not_installed():
    """Return the modules of all packages that are installed here and would not be in the other project."""
    listed = listed_packages()
    return sorted(
        module
        for module, owners in packages_distributions().items()
        if not any(canonicalize_name(owner) in listed for owner in owners)
    )


class AnotherProject:
    """A fresh project `mysite` with an app `shop`, and a copy of search/ under `package`."""

    def __init__(self, folder, package):
        self.folder = folder
        self.package = package
        self.environment = {name: os.environ[name] for name in INHERITED if name in os.environ} | {
            "PYTHONPATH": str(SITE),  # its sitecustomize.py reads NOT_INSTALLED
            "NOT_INSTALLED": " ".join(not_installed()),
        }
        self.python("-m", "django", "startproject", "mysite", ".")
        self.manage("startapp", "shop")
        self.copy_search()
        models, document = blocks(TUTORIAL, "python")
        (folder / "shop" / "models.py").write_text(models)
        (folder / "shop" / "documents.py").write_text(self.renamed(document))
        self.configure()

    def python(self, *arguments, stdin="", code=0):
        """Run Python in the project, where nothing else of ours is importable; return its output."""
        result = subprocess.run(
            [sys.executable, "-W", "error", *arguments],
            cwd=self.folder,
            env=self.environment,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert result.returncode == code, f"{' '.join(arguments)}\n{result.stdout}{result.stderr}"
        return result.stdout

    def manage(self, *arguments, **options):
        return self.python("manage.py", *arguments, **options)

    def step(self, name):
        """Run one step of tests/another_project/steps.py; return what it printed."""
        return json.loads(self.python("steps.py", self.package, name))

    def copy_search(self):
        """Copy the folder; under another name, its AppConfig names that and a label of its own."""
        shutil.copytree(ROOT / "search", self.folder / self.package, ignore=NOT_COPIED)
        shutil.copy(SITE / "steps.py", self.folder)
        apps = self.folder / self.package / "apps.py"
        apps.write_text(
            re.sub(r'^(    (?:name|label)) = "search"$', rf'\1 = "{self.package}"', apps.read_text(), flags=re.M)
        )

    def use(self, source, target):
        """Copy a file of tests/another_project."""
        (self.folder / target).write_text(self.renamed((SITE / source).read_text()))

    def configure(self):
        """Append to the settings what search/README.md says, this engine's address, and the app."""
        path = self.folder / "mysite" / "settings.py"
        text = "\n".join(blocks(README, "python")).replace("http://127.0.0.1:9200", os.environ["ELASTICSEARCH_URL"])
        own = f"""
INSTALLED_APPS += ["shop"]
SEARCH_INDEX_PREFIX = "{settings.SEARCH_INDEX_PREFIX}{self.package}-"
SEARCH_PUSH_TIMEOUT = 20.0
"""
        path.write_text(path.read_text() + self.renamed(text) + own)

    def renamed(self, text):
        """Return code of a page with the copy's name instead of `search`."""
        return re.sub(r"\bsearch(?=[.\"])", self.package, text)

    def follow(self, page):
        """Run each command of the page."""
        for arguments, typed in commands(page):
            self.manage(*arguments, stdin=typed)


@pytest.fixture
def another_project(tmp_path, request, engine):
    return AnotherProject(tmp_path, request.param)


under_both_names = pytest.mark.parametrize("another_project", ["search", "indexing"], indirect=True)


@under_both_names
def test_it_indexes_rebuilds_and_compares_its_own_model(another_project):
    project = another_project
    project.follow(README)
    project.manage("check", "--fail-level", "WARNING")
    project.manage("makemigrations", "--check", "--dry-run")
    project.follow(TUTORIAL)
    assert project.step("save") == [{"name": "floor lamp", "parts": ["bulb"]}]
    project.manage("search_index", "--rebuild", "--models", "shop")
    project.manage("search_drift", "--deep")
    assert project.step("damage") > 1
    project.manage("search_drift", code=1)
    project.manage("search_drift", "--repair")
    project.manage("search_drift", "--deep")
    project.manage("search_relay", "--drain")
    project.manage("search_status", code=1)  # no relay runs
    project.manage("search_dead_letters", "list")
    assert project.step("admin_actions") == ["replay"]
    project.manage("search_capture", "--remove", "--force")
    project.manage("migrate", project.package, "zero")


@under_both_names
def test_it_imports_nothing_but_the_packages_that_the_readme_lists(another_project):
    assert_imports_only_listed_packages(another_project.step("modules"))


def assert_imports_only_listed_packages(modules):
    """Nothing of this repository, and of each other package one that the README's list includes."""
    owners = packages_distributions()
    packages = {canonicalize_name(owner) for module in modules for owner in owners.get(module, ())}
    assert "django" in packages
    assert packages - listed_packages() == set()
    assert OF_THIS_REPOSITORY & set(modules) == set()


# The query half of search: parser, cursor, facets, highlights, did-you-mean, suggestions and export.


@under_both_names
def test_it_searches_its_own_model(another_project):
    project = another_project
    project.use("searched_documents.py", "shop/documents.py")
    project.use("searched_urls.py", "mysite/urls.py")
    project.follow(README)
    assert project.step("search") == {
        "highlights": [{"name": ["<mark>oak</mark> chair"]}],
        "first page": ["umbrella stand", "oak table"],
        "second page": ["oak chair"],
        "facets": {"part": [{"value": "leg", "count": 2}, {"value": "seat", "count": 1}]},
        "filtered": ["oak chair"],
        "did you mean": "umbrella",
        "suggestions": [{"text": "umbrella stand", "count": 1}],
        "export": ["name", "oak chair", "oak table", "umbrella stand"],
    }


@under_both_names
def test_the_query_half_imports_nothing_but_those_packages_either(another_project):
    assert_imports_only_listed_packages(another_project.step("query_modules"))
