"""project/settings.py in a process of its own: each variable, and one clear line for each invalid value."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tools.paths import ROOT

pytestmark = pytest.mark.anywhere

GOOD = {
    "DJANGO_ENV_FILE": "",
    "DJANGO_SECRET_KEY": "no secret",
    "DJANGO_ALLOWED_HOSTS": "testserver",
    "ELASTICSEARCH_URL": "http://127.0.0.1:9200",
}
SHOW = "import json, sys; from django.conf import settings as s; print(json.dumps({}, default=str))"


def run(*arguments: str, **variables: str | None) -> subprocess.CompletedProcess[str]:
    """Run Python with only GOOD and `variables` in its environment; None removes one."""
    environment = {"PATH": os.environ["PATH"], "DJANGO_SETTINGS_MODULE": "project.settings"} | GOOD | variables
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env={name: value for name, value in environment.items() if value is not None},
        capture_output=True,
        text=True,
        timeout=60,
    )


def setting(expression: str, **variables: str | None) -> object:
    """Return the value of `expression`, in which `s` is the settings, with these variables."""
    done = run("-c", SHOW.format(expression), **variables)
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


SECONDS = "is not valid: set a positive number of seconds."


@pytest.mark.parametrize(
    ("variables", "line"),
    [
        (
            {"DJANGO_SECRET_KEY": None},
            "DJANGO_SECRET_KEY is not set. Set it to a long random text, or run script/server once.",
        ),
        (
            {"DJANGO_SECRET_KEY": "", "DJANGO_DEBUG": "on"},
            "DJANGO_SECRET_KEY is not set. Set it to a long random text, or run script/server once.",
        ),
        (
            {"DJANGO_ALLOWED_HOSTS": None},
            "DJANGO_ALLOWED_HOSTS is not set. Set it to the host names of this service.",
        ),
        (
            {"DJANGO_ALLOWED_HOSTS": " , "},
            "DJANGO_ALLOWED_HOSTS is not set. Set it to the host names of this service.",
        ),
        ({"DJANGO_DEBUG": "maybe"}, "DJANGO_DEBUG='maybe' is not valid: choose on or off."),
        (
            {"DATABASE_URL": "mysql://u:secret@h/d"},
            "DATABASE_URL names mysql, which is not supported: use sqlite or postgres.",
        ),
        (
            {"DATABASE_URL": "nonsense"},
            "DATABASE_URL names no database, which is not supported: use sqlite or postgres.",
        ),
        (
            {"DATABASE_URL": "postgres://u:secret@h:port/d"},
            "DATABASE_URL is not valid: Port could not be cast to integer value as 'port'.",
        ),
        (
            {"ELASTICSEARCH_URL": None},
            "ELASTICSEARCH_URL is not set. Set it to the URL of Elasticsearch, or run script/server once.",
        ),
        (
            {"ELASTICSEARCH_URL": None, "EMBEDDED_ENGINE_PORT": "12345"},
            "ELASTICSEARCH_URL is not set, and the embedded engine is for evaluation only: it needs DJANGO_DEBUG=on.",
        ),
        (
            {"ELASTICSEARCH_URL": "localhost:9200"},
            "ELASTICSEARCH_URL is not valid: set it to a URL such as http://host:9200.",
        ),
        (
            {"ELASTICSEARCH_URL": "http://es:port"},
            "ELASTICSEARCH_URL is not valid: set it to a URL such as http://host:9200.",
        ),
        (
            {"ELASTICSEARCH_URL": "http://es"},
            "ELASTICSEARCH_URL is not valid: set it to a URL such as http://host:9200.",
        ),
        (
            {"ELASTICSEARCH_URL": "http://a:9200,ftp://b:9200"},
            "ELASTICSEARCH_URL is not valid: set it to a URL such as http://host:9200.",
        ),
        (
            {"ELASTICSEARCH_CA_CERTS": "/no/such.pem"},
            "ELASTICSEARCH_CA_CERTS='/no/such.pem' is not valid: the file does not exist.",
        ),
        (
            {"PROMETHEUS_MULTIPROC_DIR": "/no/such"},
            "PROMETHEUS_MULTIPROC_DIR='/no/such' is not valid: the folder does not exist.",
        ),
        (
            {"EMBEDDED_ENGINE_PORT": "many"},
            "EMBEDDED_ENGINE_PORT='many' is not valid: invalid literal for int() with base 10: 'many'",
        ),
        ({"SEARCH_PUSH": "later"}, "SEARCH_PUSH='later' is not valid: choose one of sync, async, off."),
        ({"SEARCH_PUSH_TIMEOUT": "0"}, f"SEARCH_PUSH_TIMEOUT='0' {SECONDS}"),
        ({"SEARCH_PUSH_TIMEOUT": "nan"}, f"SEARCH_PUSH_TIMEOUT='nan' {SECONDS}"),
        ({"SEARCH_PUSH_TIMEOUT": "soon"}, f"SEARCH_PUSH_TIMEOUT='soon' {SECONDS}"),
        ({"SEARCH_DELETE_GRACE_PERIOD": "-1"}, f"SEARCH_DELETE_GRACE_PERIOD='-1' {SECONDS}"),
        ({"SEARCH_DELETE_GRACE_PERIOD": "inf"}, f"SEARCH_DELETE_GRACE_PERIOD='inf' {SECONDS}"),
        (
            {"SEARCH_INDEX_PREFIX": "Shop*"},
            "SEARCH_INDEX_PREFIX='Shop*' is not valid: use lower-case letters, digits, dots, dashes and underscores.",
        ),
    ],
    ids=lambda value: ",".join(f"{k}={v}" for k, v in value.items()) if isinstance(value, dict) else "",
)
def test_an_invalid_value_is_one_clear_line(variables: dict[str, str | None], line: str) -> None:
    done = run("manage.py", "check", **variables)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", f"Not configured: {line}\n")


def test_the_required_variables_are_enough(tmp_path: Path) -> None:
    done = run("manage.py", "check", DATABASE_URL=f"sqlite:///{tmp_path}/db.sqlite3")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("expression", "variables", "value"),
    [
        ("s.DEBUG", {}, False),
        ("s.DEBUG", {"DJANGO_DEBUG": "Yes"}, True),
        ("s.DEBUG", {"DJANGO_DEBUG": "off"}, False),
        ("[s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE]", {}, [True, True]),
        ("s.ALLOWED_HOSTS", {"DJANGO_ALLOWED_HOSTS": "a.example, b.example"}, ["a.example", "b.example"]),
        (
            "s.ALLOWED_HOSTS",
            {"DJANGO_ALLOWED_HOSTS": None, "DJANGO_DEBUG": "on"},
            ["127.0.0.1", "localhost", "[::1]"],
        ),
        (
            "s.ELASTICSEARCH_DSL['default']['hosts']",
            {"ELASTICSEARCH_URL": "http://a:9200/, https://b"},
            ["http://a:9200", "https://b"],
        ),
        (
            "s.ELASTICSEARCH_DSL['default']['hosts']",
            {"ELASTICSEARCH_URL": None, "DJANGO_DEBUG": "on", "EMBEDDED_ENGINE_PORT": "12345"},
            ["http://127.0.0.1:12345"],
        ),
        ("s.ELASTICSEARCH_DSL['default']['api_key']", {"ELASTICSEARCH_API_KEY": "k=="}, "k=="),
        ("s.ELASTICSEARCH_DSL['default']['ca_certs']", {"ELASTICSEARCH_CA_CERTS": __file__}, __file__),
        ("[s.SEARCH_PUSH, s.SEARCH_PUSH_TIMEOUT, s.SEARCH_INDEX_PREFIX]", {}, ["sync", 1.0, ""]),
        (
            "[s.SEARCH_PUSH, s.SEARCH_PUSH_TIMEOUT, s.SEARCH_INDEX_PREFIX]",
            {"SEARCH_PUSH": "off", "SEARCH_PUSH_TIMEOUT": "0.5", "SEARCH_INDEX_PREFIX": "shop-"},
            ["off", 0.5, "shop-"],
        ),
        (
            "[s.DATABASES['default'][n] for n in ('NAME', 'USER', 'PASSWORD', 'HOST', 'PORT', 'CONN_MAX_AGE',"
            " 'CONN_HEALTH_CHECKS')]",
            {"DATABASE_URL": "postgres://u:p%40w@db:5433/orders"},
            ["orders", "u", "p@w", "db", 5433, 60, True],
        ),
        ("s.DATABASES['default']['OPTIONS']['transaction_mode']", {}, "IMMEDIATE"),
        ("s.DATABASES['default']['NAME'].endswith('/var/db.sqlite3')", {"DATABASE_URL": None}, True),
    ],
)
def test_what_a_variable_sets(expression: str, variables: dict[str, str | None], value: object) -> None:
    assert setting(expression, **variables) == value


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("# a comment\nSEARCH_PUSH=async\nSEARCH_INDEX_PREFIX=file-\n")
    shown = setting("[s.SEARCH_PUSH, s.SEARCH_INDEX_PREFIX]", DJANGO_ENV_FILE=str(file), SEARCH_PUSH="off")
    assert shown == ["off", "file-"]


ASK = """
import django; django.setup()
from rest_framework.test import APIClient
c = APIClient()
print([getattr(c, method)(path, {}, format="json").status_code for method, path in %r])
"""
CALLS = [
    ("get", "/orders/"),
    ("post", "/orders/create"),
    ("patch", "/orders/update/1/"),
    ("get", "/orders/1/"),
    ("delete", "/orders/1/"),
    ("get", "/orders/search?q=a"),
    ("get", "/orders/search/export"),
    ("get", "/orders/suggest?q=a"),
]


def test_without_debug_no_call_is_open() -> None:
    done = run("-c", ASK % CALLS)
    assert (done.returncode, done.stdout) == (0, f"{[401] * len(CALLS)}\n")


@pytest.mark.parametrize("variables", [{"DJANGO_DEBUG": "off"}, {"DJANGO_DEBUG": "on"}])
def test_sqlite_pragmas(variables: dict[str, str], tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/db.sqlite3"
    pragmas = "[c.execute(f'PRAGMA {p}').fetchone()[0] for p in ('journal_mode', 'recursive_triggers')]"
    code = f"import django; django.setup(); from django.db import connection; c = connection.cursor(); print({pragmas})"
    done = run("-c", code, DATABASE_URL=url, **variables)
    assert (done.stdout, done.stderr) == ("['wal', 1]\n", "")
