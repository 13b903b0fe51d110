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
# What the tutorial's blocks become, in their order.
FILES = ("shop/models.py", "shop/documents.py", "shop/fields.py", "shop/views.py", "shop/urls.py")
OF_THIS_REPOSITORY = {"benchmarks", "desk", "order_search", "orders", "project", "tests", "tools"}
SITE = ROOT / "tests" / "another_project"
INHERITED = ("PATH", "HOME", "LANG", "TMPDIR")
NOT_COPIED = shutil.ignore_patterns("__pycache__", "ruff.toml")

# Some thirty processes a test.
pytestmark = [pytest.mark.engine, pytest.mark.slow, pytest.mark.timeout(600)]


def blocks(text, language):
    """Return the fenced blocks of a text that are in this language."""
    return [dedent(block) for kind, block in FENCE.findall(text) if kind == language]


def patched(text, diff):
    """Return the text with a diff of one hunk applied, which must fit."""
    lines = diff.splitlines()
    before, after = ("".join(f"{line[1:]}\n" for line in lines if not line.startswith(sign)) for sign in ("+", "-"))
    assert text.count(before) == 1, f"the diff does not fit:\n{before}"
    return text.replace(before, after)


def commands(text):
    """Yield (arguments of manage.py, the output that is shown) for each command of a text's console sessions."""
    for block in blocks(text, "console"):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE):
            command, _, output = part.partition("\n")
            if command.startswith("python manage.py "):
                yield command.split()[2:], output


def listed_packages():
    """Return the packages that search/README.md lists, and all that those need, by their canonical names."""
    (block,) = blocks(README.read_text(), "text")
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
        self.indexing, self.searching = re.split(r"(?=^## 5\.)", TUTORIAL.read_text(), flags=re.MULTILINE)
        self.write_files(self.indexing, FILES[:2])
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
        shutil.copytree(ROOT / "search", self.folder / self.package, ignore=NOT_COPIED)
        shutil.copy(SITE / "steps.py", self.folder)

    def write_files(self, text, files):
        """Write the text's blocks of Python to these files."""
        for file, block in zip(files, blocks(text, "python"), strict=True):
            (self.folder / file).write_text(self.renamed(block))

    def make_searchable(self):
        """Change the project as the tutorial says."""
        self.write_files(self.searching, FILES[2:])
        document = self.folder / "shop" / "documents.py"
        (diff,) = blocks(self.searching, "diff")
        document.write_text(patched(document.read_text(), self.renamed(diff)))
        (include,) = re.findall(r"`(path\(.+\))`", self.searching)
        urls = self.folder / "mysite" / "urls.py"
        urls.write_text(f"{urls.read_text()}\nfrom django.urls import include\n\nurlpatterns += [{include}]\n")
        settings_file = self.folder / "mysite" / "settings.py"
        settings_file.write_text(f'{settings_file.read_text()}INSTALLED_APPS += ["rest_framework"]\n')

    def configure(self):
        """Append to the settings what search/README.md says, this engine's address, and the app."""
        path = self.folder / "mysite" / "settings.py"
        text = "\n".join(blocks(README.read_text(), "python")).replace(
            "http://127.0.0.1:9200", os.environ["ELASTICSEARCH_URL"]
        )
        own = f"""
INSTALLED_APPS += ["shop"]
SEARCH_INDEX_PREFIX = "{settings.SEARCH_INDEX_PREFIX}{self.package}-"
SEARCH_PUSH_TIMEOUT = SEARCH_TIMEOUT = 20.0
"""
        path.write_text(path.read_text() + self.renamed(text) + own)

    def renamed(self, text):
        """Return code of a page with the copy's name instead of `search`."""
        # Not an address of the tutorial: path("search", ...).
        return re.sub(r"(?<!path\(\")\bsearch(?=[.\"])|(?<=from )search(?= import)", self.package, text)

    def follow(self, text):
        """Run each command of the text. Sessions of the shell must print what they show."""
        for arguments, output in commands(text):
            if arguments == ["shell"]:
                self.python("steps.py", self.package, "session", stdin=self.renamed(output))
            else:
                self.manage(*arguments)


@pytest.fixture
def another_project(tmp_path, request, engine):
    return AnotherProject(tmp_path, request.param)


under_both_names = pytest.mark.parametrize("another_project", ["search", "indexing"], indirect=True)


@under_both_names
def test_it_indexes_rebuilds_and_compares_its_own_model(another_project):
    project = another_project
    project.follow(README.read_text())
    project.manage("check", "--fail-level", "WARNING")
    project.manage("makemigrations", "--check", "--dry-run")
    project.follow(project.indexing)
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
    project.follow(README.read_text())
    project.follow(project.indexing)
    project.make_searchable()
    project.follow(project.searching)
    project.manage("check", "--fail-level", "WARNING")
    project.step("delete_all")
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
