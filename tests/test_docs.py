"""The documents keep true: what README.md and docs/ name exists, and what they must name they name."""

import ast
import re
from argparse import _SubParsersAction
from itertools import pairwise

import pytest
from django.conf import settings
from django.core.management import get_commands, load_command_class
from django.urls import resolve
from prometheus_client import Gauge
from prometheus_client.metrics import MetricWrapperBase

from project.errors import not_found
from search import exceptions, metrics
from search.conf import SearchSettings
from search.exceptions import SearchError
from search.metrics import DriftCollector, OutboxCollector
from tests.model.mutations import MUTATIONS
from tools.paths import ROOT

PASSED_OVER = {"var", "node_modules"}
DOCS = sorted(
    path
    for path in ROOT.rglob("*.md")
    if not any(part.startswith(".") or part in PASSED_OVER for part in path.relative_to(ROOT).parts)
)
SETTINGS = ROOT / "docs" / "settings.md"
OPERATIONS = ROOT / "docs" / "operations.md"
TUTORIAL = ROOT / "docs" / "index-your-own-model.md"
FENCE = re.compile(r"^[ ]*```(\w*)\n(.*?)^[ ]*```$", re.MULTILINE | re.DOTALL)
BASES = {"SearchError", "NothingToDo"}  # never raised
IN_WORDS = {"DATABASE_URL", "ELASTICSEARCH_URL"}  # what stands in for them is computed

each_doc = pytest.mark.parametrize("doc", DOCS, ids=lambda doc: str(doc.relative_to(ROOT)))


def prose(doc):
    """The text without its fenced blocks."""
    return FENCE.sub("", doc.read_text())


def code(doc):
    """Every span and every line of code."""
    fenced = [line for _, block in FENCE.findall(doc.read_text()) for line in block.splitlines()]
    return re.findall(r"`([^`\n]+)`", prose(doc)) + fenced


def links(doc):
    """(text, target) of every link to something of ours."""
    found = re.findall(r"\[([^\]]*)\]\(([^)\s]+)\)", prose(doc))
    return [(text, target) for text, target in found if not re.match(r"https?:|mailto:", target)]


def anchors(doc):
    """What GitHub makes of the headings."""
    headings = re.findall(r"^#+ (.*)$", prose(doc), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def rows(doc, heading):
    """The cells of each row of the table below a heading."""
    section = re.split(rf"^#+ {re.escape(heading)}$", doc.read_text(), flags=re.MULTILINE)[1]
    lines = re.split(r"^#+ ", section, flags=re.MULTILINE)[0].splitlines()
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines if line.startswith("|")][2:]


def settings_read():
    """Each variable that project/settings.py reads, and its default where that is a plain value (else ...)."""
    found = {}
    for call in ast.walk(ast.parse((ROOT / "project" / "settings.py").read_text())):
        if not isinstance(call, ast.Call) or not ast.unparse(call.func).startswith(("read", "env.")):
            continue
        values = [*call.args, *(keyword.value for keyword in call.keywords if keyword.arg == "default")]
        for name, given in pairwise(values):
            if isinstance(name, ast.Constant) and is_variable(name.value):
                found.setdefault(name.value, default(given))
    return found


def is_variable(value):
    return isinstance(value, str) and re.fullmatch(r"[A-Z][A-Z_]+", value)


def default(node):
    try:
        return ast.literal_eval(node)
    except ValueError:
        return ...


def shown(value):
    """A default as the documents show it."""
    if isinstance(value, bool):
        return "`on`" if value else "`off`"
    return f"`{value}`" if value else "none"


def in_settings_file():
    """Each SEARCH_* setting and its default."""
    return {f"SEARCH_{name}": getattr(SearchSettings, name) for name in SearchSettings.__annotations__}


def options(parser):
    """Every flag a command takes, and the subcommands."""
    flags, actions = set(), set()
    for action in parser._actions:
        flags.update(action.option_strings)
        if isinstance(action, _SubParsersAction):
            actions.update(action.choices)
            flags.update(*(options(inner)[0] for inner in action.choices.values()))
    return flags, actions


def calls(doc):
    """(command, words after it) of each command of manage.py or of ours that the document shows."""
    ours = {name for name, app in get_commands().items() if app == "search"}
    for text in code(doc):
        for part in re.split(r"&&|;|\||>|#", text.replace("\\|", "|")):
            words = part.split()
            if "manage.py" in part and words[-1] != "manage.py" and "manage.py" in words:
                words = words[words.index("manage.py") + 1 :]
                yield words[0], words[1:]
            elif words and words[0] in ours:
                yield words[0], words[1:]


def functions(path):
    """The tests of a file."""
    return {node.name for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.FunctionDef)}


def families():
    """Every metric's name, as it is exported."""
    own = [found for found in vars(metrics).values() if isinstance(found, MetricWrapperBase | Gauge)]
    described = [family for metric in own for family in metric.describe()]
    collected = [family for collector in (OutboxCollector(), DriftCollector()) for family in collector.collect()]
    return {family.name + ("_total" if family.type == "counter" else "") for family in described + collected}


def pinned():
    """The packages that are named in the upper part of the requirements' files."""
    for path in ROOT.glob("requirements*.txt"):
        for line in path.read_text().split("# What those need.")[0].splitlines():
            if found := re.match(r"([A-Za-z0-9._-]+)(\[\w+\])?==", line):
                yield found[1].lower().replace("_", "-")


def test_there_are_documents():
    assert {"README.md", "CONTRIBUTING.md", "docs/architecture.md", "docs/operations.md", "docs/settings.md"} <= {
        str(doc.relative_to(ROOT)) for doc in DOCS
    }


@each_doc
def test_every_link_leads_somewhere(doc):
    lost = []
    for _, target in links(doc):
        file, _, anchor = target.partition("#")
        there = (doc.parent / file).resolve() if file else doc
        if not there.exists() or (anchor and anchor not in anchors(there)):
            lost.append(target)
    assert lost == []


@each_doc
def test_every_test_that_is_named_exists(doc):
    lost = []
    for text, target in links(doc):
        known = MUTATIONS if text.startswith("model: ") else functions(doc.parent / target) if is_test(text) else None
        lost += [name for name in named(text) if known is not None and name not in known]
    for path, name in re.findall(r"(tests/[\w/]+\.py)::(\w+)", doc.read_text()):
        lost += [] if name in functions(ROOT / path) else [name]
    assert lost == []


def is_test(text):
    return text.startswith("test_")


def named(text):
    return [text.removeprefix("model: ")] if text.startswith("model: ") else text.split(", ")


@each_doc
def test_every_path_that_is_named_exists(doc):
    path = r"(?<![\w/.:-])((?:script|tools|tests|search|orders|project|docs|benchmarks|\.ci)/[\w./-]*\w/?)"
    found = {name for text in code(doc) for name in re.findall(path, text)}
    assert [name for name in sorted(found) if not (ROOT / name).exists()] == []


@each_doc
def test_every_command_and_flag_that_is_shown_exists(doc):
    strange = []
    for command, words in calls(doc):
        if command not in get_commands():
            strange.append(command)
            continue
        app = get_commands()[command]
        loaded = app if not isinstance(app, str) else load_command_class(app, command)
        flags, actions = options(loaded.create_parser("manage.py", command))
        given = [word.split("=")[0].rstrip(".,:") for word in words if re.match(r"--?[a-z]", word)]
        strange += [f"{command} {flag}" for flag in given if flag not in flags and flag[:2] not in flags]
        if actions and words and words[0] not in actions and not words[0].startswith("list|"):
            strange.append(f"{command} {words[0]}")
    assert strange == []


@each_doc
def test_every_flag_that_is_named_alone_is_one_of_a_command_or_a_tool(doc):
    ours = [load_command_class("search", name) for name, app in get_commands().items() if app == "search"]
    known = set().union(*(options(command.create_parser("manage.py", ""))[0] for command in ours))
    tools = "".join(path.read_text() for path in (ROOT / "tools").rglob("*.py"))
    alone = [text.split()[0] for text in code(doc) if re.match(r"--[a-z]", text)]
    assert [flag for flag in alone if flag not in known and f'"{flag}"' not in tools] == []


@each_doc
def test_every_address_of_the_service_that_is_shown_leads_to_a_view(doc):
    urls = [path for text in code(doc) for path in re.findall(r"(?<=:8000)(/[^\s\"'?]*)", text)]
    for text in code(doc):
        urls += [re.sub(r"<\w+>", "1", path) for path in re.findall(r"^[A-Z ]+ (/orders[^\s?]*)", text)]
    assert [url for url in urls if url != "/" and resolve(url).func is not_found] == []


@each_doc
def test_every_setting_that_is_named_exists(doc):
    found = set(re.findall(r"\b(?:SEARCH|DJANGO|ELASTICSEARCH|EMBEDDED|DATABASE)_[A-Z_]+\b", doc.read_text()))
    known = {*settings_read(), *in_settings_file(), *dir(settings), "DJANGO_SETTINGS_MODULE"}
    assert sorted(found - known) == []


@each_doc
def test_every_snippet_of_python_compiles(doc):
    for language, block in FENCE.findall(doc.read_text()):
        if language == "python":
            compile(block, str(doc), "exec")


def test_every_variable_that_is_read_is_listed_with_its_default():
    listed = {row[0].strip("`"): row[1] for row in rows(SETTINGS, "From the environment")}
    read = settings_read()
    assert listed.keys() == read.keys()
    plain = {name: shown(value) for name, value in read.items() if value is not ... and name not in IN_WORDS}
    assert {name: listed[name] for name in plain} == plain
    assert all(listed[name] for name in read)


def test_every_setting_is_listed_with_its_default():
    listed = {row[0].strip("`"): row[1] for row in rows(SETTINGS, "From the settings file")}
    assert listed == {name: shown(value) for name, value in in_settings_file().items()}


def test_every_variable_of_a_script_is_read_there():
    for names, what in rows(SETTINGS, "What scripts read beside them"):
        reader = re.search(r"`([\w./-]+)`", what)[1]
        sources = [ROOT / reader, *(ROOT / "tools").glob("*.py")]
        text = "".join(path.read_text() for path in sources)
        assert [name for name in re.findall(r"`([A-Z_]+)`", names) if name not in text] == []


def test_operations_knows_every_error_by_its_words():
    table = {row[0] for row in rows(OPERATIONS, "Troubleshooting by message")}
    errors = [
        found for found in vars(exceptions).values() if isinstance(found, type) and issubclass(found, SearchError)
    ]
    wanted = {f"{error.__doc__.split('. ')[0].rstrip('.')} (`{error.__name__}`)" for error in errors}
    assert {cell for cell in wanted if cell[:-2].rsplit("`", 1)[-1] not in BASES} - table == set()
    assert all(f"`{base}`" in OPERATIONS.read_text() for base in BASES)


def test_operations_names_no_error_that_is_not():
    table = [row[0] for row in rows(OPERATIONS, "Troubleshooting by message")]
    named = [found[1] for cell in table if (found := re.search(r"\(`(\w+)`\)$", cell))]
    assert [name for name in named if not hasattr(exceptions, name)] == []


@pytest.mark.django_db
def test_operations_lists_every_metric_and_no_other():
    assert {row[0].strip("`") for row in rows(OPERATIONS, "What to watch")} == families()


def test_the_tutorials_code_is_that_of_the_tests_own_app():
    snippets = [ast.parse(block) for kind, block in FENCE.findall(TUTORIAL.read_text()) if kind == "python"]
    files = [ROOT / "tests" / "shop" / name for name in ("models.py", "documents.py")]
    for snippet, file in zip(snippets, files, strict=True):
        own = ast.parse(file.read_text().replace("tests.shop", "shop"))
        assert [ast.unparse(node) for node in snippet.body] == [ast.unparse(node) for node in own.body[1:]]


def test_contributing_says_why_each_package_is_there():
    table = rows(ROOT / "CONTRIBUTING.md", "Why each package")
    words = {word.lower().replace("_", "-") for row in table for word in re.findall(r"-?[\w.-]*\w", " ".join(row))}
    words |= {f"pytest{word}" for word in words if word.startswith("-")}
    assert sorted(set(pinned()) - words) == []
