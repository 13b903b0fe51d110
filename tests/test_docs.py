"""README.md, docs/ and the other documents name only what exists, and name everything that they must list."""

import ast
import re
from argparse import _SubParsersAction
from itertools import pairwise
from typing import Any

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
ARCHITECTURE = ROOT / "docs" / "architecture.md"
SETTINGS = ROOT / "docs" / "settings.md"
OPERATIONS = ROOT / "docs" / "operations.md"
TUTORIAL = ROOT / "docs" / "index-your-own-model.md"
LINK = re.compile(r"\[([^\]]*)\]\(([^)\s]+)\)")
FENCE = re.compile(r"^[ ]*```(\w*)\n(.*?)^[ ]*```$", re.MULTILINE | re.DOTALL)
BASE_ERRORS = {"SearchError", "NothingToDo"}  # never raised
COMPUTED_DEFAULTS = {"DATABASE_URL", "ELASTICSEARCH_URL"}  # described in words
STORIES = {"In the code: from a POST to the index": 6, "In the code: `search_index --rebuild`": 9}  # and how many files
QUOTES_OLD_WORDS = {ROOT / "CHANGELOG.md"}

each_doc = pytest.mark.parametrize("doc", DOCS, ids=lambda doc: str(doc.relative_to(ROOT)))


def prose(doc):
    """Return the text without its fenced blocks."""
    return FENCE.sub("", doc.read_text())


def code(doc):
    """Return every code span and every line of the fenced blocks."""
    fenced = [line for _, block in FENCE.findall(doc.read_text()) for line in block.splitlines()]
    return re.findall(r"`([^`\n]+)`", prose(doc)) + fenced


def links(doc):
    """Return (text, target) of every link to a file of this repository."""
    return [(text, target) for text, target in LINK.findall(prose(doc)) if not re.match(r"https?:|mailto:", target)]


def anchors(doc):
    """Return the anchors that GitHub makes of the headings."""
    headings = re.findall(r"^#+ (.*)$", prose(doc), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def section(doc, heading):
    """Return the text between a heading and the next one."""
    text = re.split(rf"^#+ {re.escape(heading)}$", doc.read_text(), flags=re.MULTILINE)[1]
    return re.split(r"^#+ ", text, flags=re.MULTILINE)[0]


def rows(doc, heading):
    """Return the cells of each row of the table below a heading."""
    lines = section(doc, heading).splitlines()
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines if line.startswith("|")][2:]


def environment_variables():
    """Return each variable that project/settings.py reads, with its default, or ... if that is computed."""
    variables: dict[Any, object] = {}
    for call in ast.walk(ast.parse((ROOT / "project" / "settings.py").read_text())):
        if not isinstance(call, ast.Call) or not ast.unparse(call.func).startswith(("read", "env.")):
            continue
        values = [*call.args, *(keyword.value for keyword in call.keywords if keyword.arg == "default")]
        for name, value in pairwise(values):
            if isinstance(name, ast.Constant) and is_variable(name.value):
                variables.setdefault(name.value, literal_or_ellipsis(value))
    return variables


def is_variable(value):
    return isinstance(value, str) and re.fullmatch(r"[A-Z][A-Z_]+", value)


def literal_or_ellipsis(node):
    try:
        return ast.literal_eval(node)
    except ValueError:
        return ...


def format_default(value):
    """Return a default as docs/settings.md shows it."""
    if isinstance(value, bool):
        return "`on`" if value else "`off`"
    return f"`{value}`" if value else "none"


def search_settings():
    """Return each SEARCH_* setting with its default."""
    return {f"SEARCH_{name}": getattr(SearchSettings, name) for name in SearchSettings.__annotations__}


def options(parser):
    """Return every option of a command, and its subcommands."""
    flags: set[str] = set()
    actions: set[str] = set()
    for action in parser._actions:
        flags.update(action.option_strings)
        if isinstance(action, _SubParsersAction):
            actions.update(action.choices)
            flags.update(*(options(inner)[0] for inner in action.choices.values()))
    return flags, actions


def calls(doc):
    """Yield (command, words after it) for each command that the document shows."""
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
    """Return the names of all functions in a file."""
    return {node.name for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.FunctionDef)}


def definitions(path):
    """Return the names of a file's functions, classes and methods, these as `Class.method`."""
    names = set()
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        if isinstance(node, ast.ClassDef):
            names |= {f"{node.name}.{inner.name}" for inner in node.body if isinstance(inner, ast.FunctionDef)}
    return names


def metric_families():
    own = [metric for metric in vars(metrics).values() if isinstance(metric, MetricWrapperBase | Gauge)]
    described = [family for metric in own for family in metric.describe()]
    collected = [family for collector in (OutboxCollector(), DriftCollector()) for family in collector.collect()]
    return described + collected


def exported_name(family):
    return family.name + ("_total" if family.type == "counter" else "")


def help_texts():
    """Return (command, help) for each command of ours, subcommands included."""
    texts = []
    for name, app in get_commands().items():
        if app in {"search", "orders"}:
            parser = load_command_class(app, name).create_parser("manage.py", name)
            actions = [action for action in parser._actions if isinstance(action, _SubParsersAction)]
            texts += [(name, parser.format_help())]
            texts += [(name, inner.format_help()) for action in actions for inner in action.choices.values()]
    return texts


def banned_words(text):
    """Return the words of the glossary's last column that occur in a text."""
    words = [word for *_, banned in rows(ARCHITECTURE, "Words") for word in banned.split(", ")]
    pattern = rf"\b(?:{'|'.join(map(re.escape, words))})s?\b"
    return re.findall(pattern, " ".join(text.split()), re.IGNORECASE)


def pinned_packages():
    """Yield the packages in the upper part of the requirements files."""
    for path in ROOT.glob("requirements*.txt"):
        for line in path.read_text().split("# What those need.")[0].splitlines():
            if match := re.match(r"([A-Za-z0-9._-]+)(\[\w+\])?==", line):
                yield match[1].lower().replace("_", "-")


def test_there_are_documents():
    assert {"README.md", "CONTRIBUTING.md", "docs/architecture.md", "docs/operations.md", "docs/settings.md"} <= {
        str(doc.relative_to(ROOT)) for doc in DOCS
    }


@each_doc
def test_every_link_leads_somewhere(doc):
    broken = []
    for _, target in links(doc):
        file, _, anchor = target.partition("#")
        path = (doc.parent / file).resolve() if file else doc
        if not path.exists() or (anchor and anchor not in anchors(path)):
            broken.append(target)
    assert broken == []


@each_doc
def test_every_test_that_is_named_exists(doc):
    missing: list[str] = []
    for text, target in links(doc):
        if text.startswith("model: "):
            missing += {text.removeprefix("model: ")} - MUTATIONS.keys()
        elif text.startswith("test_"):
            missing += set(text.split(", ")) - functions(doc.parent / target)
    for path, name in re.findall(r"(tests/[\w/]+\.py)::(\w+)", doc.read_text()):
        missing += {name} - functions(ROOT / path)
    assert missing == []


@pytest.mark.parametrize("heading", STORIES)
def test_every_function_of_a_story_exists(heading):
    """A link such as [`Sender.push`](../search/push/sender.py) names a function, class or method of that file."""
    named = re.findall(r"\[`([\w.]+)`\]\(([^)\s]+\.py)\)", section(ARCHITECTURE, heading))
    assert named
    paths = {target: ARCHITECTURE.parent / target for _, target in named}
    defined = {target: definitions(path) for target, path in paths.items() if path.exists()}
    assert [(name, target) for name, target in named if name not in defined.get(target, ())] == []


@pytest.mark.parametrize(("heading", "files"), STORIES.items())
def test_a_story_takes_few_files(heading, files):
    assert len({target for _, target in LINK.findall(section(ARCHITECTURE, heading))}) == files


@each_doc
def test_every_path_that_is_named_exists(doc):
    folders = r"script|tools|tests|search|order_search|orders|desk|project|docs|benchmarks|\.ci"
    path = rf"(?<![\w/.:-])((?:{folders})/[\w./-]*\w/?)"
    named = {name for text in code(doc) for name in re.findall(path, text)}
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []


@each_doc
def test_every_command_and_flag_that_is_shown_exists(doc):
    unknown = []
    for command, words in calls(doc):
        if command not in get_commands():
            unknown.append(command)
            continue
        app = get_commands()[command]
        loaded = app if not isinstance(app, str) else load_command_class(app, command)
        flags, actions = options(loaded.create_parser("manage.py", command))
        shown = [word.split("=")[0].rstrip(".,:") for word in words if re.match(r"--?[a-z]", word)]
        unknown += [f"{command} {flag}" for flag in shown if flag not in flags and flag[:2] not in flags]
        if actions and words and words[0] not in actions and not words[0].startswith("list|"):
            unknown.append(f"{command} {words[0]}")
    assert unknown == []


@each_doc
def test_every_flag_that_is_named_alone_is_one_of_a_command_or_a_tool(doc):
    commands = [load_command_class("search", name) for name, app in get_commands().items() if app == "search"]
    flags = set().union(*(options(command.create_parser("manage.py", ""))[0] for command in commands))
    tools = "".join(path.read_text() for path in (ROOT / "tools").rglob("*.py"))
    alone = [text.split()[0] for text in code(doc) if re.match(r"--[a-z]", text)]
    assert [flag for flag in alone if flag not in flags and f'"{flag}"' not in tools] == []


@each_doc
def test_every_address_of_the_service_that_is_shown_leads_to_a_view(doc):
    urls = [path for text in code(doc) for path in re.findall(r"(?<=:8000)(/[^\s\"'?]*)", text)]
    for text in code(doc):
        urls += [re.sub(r"<\w+>", "1", path) for path in re.findall(r"^[A-Z ]+ (/orders[^\s?]*)", text)]
    assert [url for url in urls if url != "/" and resolve(url).func is not_found] == []


@each_doc
def test_every_setting_that_is_named_exists(doc):
    named = set(re.findall(r"\b(?:SEARCH|DJANGO|ELASTICSEARCH|EMBEDDED|DATABASE)_[A-Z_]+\b", doc.read_text()))
    existing = {*environment_variables(), *search_settings(), *dir(settings), "DJANGO_SETTINGS_MODULE"}
    assert sorted(named - existing) == []


@each_doc
def test_every_snippet_of_python_compiles(doc):
    for language, block in FENCE.findall(doc.read_text()):
        if language == "python":
            compile(block, str(doc), "exec")


def test_every_variable_that_is_read_is_listed_with_its_default():
    listed = {row[0].strip("`"): row[1] for row in rows(SETTINGS, "From the environment")}
    variables = environment_variables()
    assert listed.keys() == variables.keys()
    literal = {name: value for name, value in variables.items() if value is not ... and name not in COMPUTED_DEFAULTS}
    assert {name: listed[name] for name in literal} == {name: format_default(value) for name, value in literal.items()}
    assert all(listed[name] for name in variables)


def test_every_setting_is_listed_with_its_default():
    listed = {row[0].strip("`"): row[1] for row in rows(SETTINGS, "From the settings file")}
    assert listed == {name: format_default(value) for name, value in search_settings().items()}


def test_every_variable_of_a_script_is_read_there():
    for names, description in rows(SETTINGS, "Variables that only scripts read"):
        reader = re.search(r"`([\w./-]+)`", description)
        assert reader
        sources = [ROOT / reader[1], *(ROOT / "tools").glob("*.py")]
        text = "".join(path.read_text() for path in sources)
        assert [name for name in re.findall(r"`([A-Z_]+)`", names) if name not in text] == []


def test_operations_knows_every_error_by_its_words():
    cells = {row[0] for row in rows(OPERATIONS, "Troubleshooting by message")}
    errors = [
        error for error in vars(exceptions).values() if isinstance(error, type) and issubclass(error, SearchError)
    ]
    expected = {
        f"{(error.__doc__ or '').split('. ')[0].rstrip('.')} (`{error.__name__}`)"
        for error in errors
        if error.__name__ not in BASE_ERRORS
    }
    assert expected - cells == set()
    assert all(f"`{base}`" in OPERATIONS.read_text() for base in BASE_ERRORS)


def test_operations_names_no_error_that_does_not_exist():
    cells = [row[0] for row in rows(OPERATIONS, "Troubleshooting by message")]
    named = [match[1] for cell in cells if (match := re.search(r"\(`(\w+)`\)$", cell))]
    assert [name for name in named if not hasattr(exceptions, name)] == []


@pytest.mark.django_db
def test_operations_lists_every_metric_and_no_other():
    listed = {row[0].strip("`") for row in rows(OPERATIONS, "What to watch")}
    assert listed == {exported_name(family) for family in metric_families()}


def test_a_word_that_the_glossary_bans_is_found():
    assert banned_words("Noted in the journals, out of\nsync") == ["Noted", "journals", "out of sync"]


@each_doc
def test_documents_use_the_words_of_the_glossary(doc):
    if doc in QUOTES_OLD_WORDS:
        pytest.skip("names old words where it says what has changed")
    text = doc.read_text().replace(section(ARCHITECTURE, "Words"), "")
    text = LINK.sub(r"\1", text)  # a link's target may be named otherwise
    assert banned_words(text) == []


@pytest.mark.django_db
def test_help_metrics_and_pages_use_the_words_of_the_glossary():
    texts = help_texts()
    texts += [(family.name, f"{family.name} {family.documentation}") for family in metric_families()]
    texts += [(str(path.relative_to(ROOT)), path.read_text()) for path in ROOT.glob("*/templates/**/*.html")]
    assert [(name, words) for name, text in texts if (words := banned_words(text))] == []


def test_the_tutorials_code_is_that_of_the_tests_own_app():
    snippets = [ast.parse(block) for kind, block in FENCE.findall(TUTORIAL.read_text()) if kind == "python"]
    files = [ROOT / "tests" / "shop" / name for name in ("models.py", "documents.py")]
    # What follows them is for searching: tests/test_another_project.py runs it.
    for snippet, file in zip(snippets[: len(files)], files, strict=True):
        own = ast.parse(file.read_text().replace("tests.shop", "shop"))
        assert [ast.unparse(node) for node in snippet.body] == [ast.unparse(node) for node in own.body[1:]]


def test_contributing_says_why_each_package_is_there():
    table = rows(ROOT / "CONTRIBUTING.md", "Why each package")
    words = {word.lower().replace("_", "-") for row in table for word in re.findall(r"-?[\w.-]*\w", " ".join(row))}
    words |= {f"pytest{word}" for word in words if word.startswith("-")}
    assert sorted(set(pinned_packages()) - words) == []
