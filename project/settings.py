"""All settings. This module alone reads the environment (and `.env`); a wrong value is one clear line."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import environ
from django.core.exceptions import ImproperlyConfigured
from elastic_transport.client_utils import url_to_node_config
from elasticsearch.serializer import OrjsonSerializer
from iso4217 import Currency

from search.client.node import DeadlineNode

T = TypeVar("T")
BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()
if env_file := env.str("DJANGO_ENV_FILE", default=str(BASE_DIR / ".env")):
    environ.Env.read_env(env_file)


def read(reader: Callable[..., T], name: str, default: T) -> T:
    """The variable `name` as `reader` understands it; ImproperlyConfigured names it when it does not."""
    try:
        return reader(name, default=default)
    except (ValueError, TypeError) as error:
        raise ImproperlyConfigured(f"{name}={env.str(name)!r} is not valid: {error}") from error


def read_names(name: str, default: list[str]) -> list[str]:
    """Names separated by commas."""
    return [each.strip() for each in read(env.list, name, default) if each.strip()]


def read_seconds(name: str, default: float) -> float:
    """A positive number of seconds."""
    text = read(env.str, name, str(default))
    try:
        if 0 < (seconds := float(text)) < float("inf"):
            return seconds
    except ValueError:
        pass
    raise ImproperlyConfigured(f"{name}={text!r} is not valid: give a positive number of seconds.")


def read_choice(name: str, default: str, choices: tuple[str, ...]) -> str:
    """One of `choices`."""
    choice = read(env.str, name, default)
    if choice not in choices:
        raise ImproperlyConfigured(f"{name}={choice!r} is not valid: choose one of {', '.join(choices)}.")
    return choice


def read_bool(name: str, default: bool) -> bool:
    """on/off, true/false, yes/no or 1/0; anything else is refused rather than taken for off."""
    text = read(env.str, name, "on" if default else "off").strip().lower()
    if text not in {"on", "off", "true", "false", "yes", "no", "1", "0"}:
        raise ImproperlyConfigured(f"{name}={text!r} is not valid: choose on or off.")
    return text in {"on", "true", "yes", "1"}


def read_engine_hosts() -> list[str]:
    """Elasticsearch's addresses; with debug on the embedded engine's port stands in for a missing one."""
    hosts = [host.strip().rstrip("/") for host in read(env.str, "ELASTICSEARCH_URL", "").split(",") if host.strip()]
    for host in hosts:
        try:
            if not host.startswith(("http://", "https://")):
                raise ValueError("another scheme")
            url_to_node_config(host, use_default_ports_for_scheme=host.startswith("https:"))
        except ValueError as error:  # the address is not repeated: it may hold a password
            raise ImproperlyConfigured("ELASTICSEARCH_URL is not valid: give it as http://host:9200.") from error
    if hosts:
        return hosts
    if not EMBEDDED_ENGINE_PORT:
        raise ImproperlyConfigured(
            "ELASTICSEARCH_URL is not set. Give Elasticsearch's address, or run script/server once."
        )
    if not DEBUG:
        raise ImproperlyConfigured(
            "ELASTICSEARCH_URL is not set, and the embedded engine is for trying the project out: set DJANGO_DEBUG=on."
        )
    return [f"http://127.0.0.1:{EMBEDDED_ENGINE_PORT}"]


DEBUG = read_bool("DJANGO_DEBUG", False)
EMBEDDED_ENGINE_PORT = read(env.int, "EMBEDDED_ENGINE_PORT", 0)
SECRET_KEY = read(env.str, "DJANGO_SECRET_KEY", "")
ALLOWED_HOSTS = read_names("DJANGO_ALLOWED_HOSTS", ["127.0.0.1", "localhost", "[::1]"] if DEBUG else [])
if not SECRET_KEY:
    raise ImproperlyConfigured("DJANGO_SECRET_KEY is not set. Give a long random text, or run script/server once.")
if not ALLOWED_HOSTS:
    raise ImproperlyConfigured("DJANGO_ALLOWED_HOSTS is not set. Give the host names this service answers to.")

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "rest_framework",
    "rest_framework.authtoken",
    "drf_standardized_errors",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    # Before django_elasticsearch_dsl, or that package's own search_index command wins.
    "search",
    "django_elasticsearch_dsl",
    "orders",
    "order_search",
    "desk",
    *read_names("DJANGO_EXTRA_APPS", []),
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "search.middleware.SearchStatusMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
ROOT_URLCONF = "project.urls"
WSGI_APPLICATION = "project.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_TZ = True
STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "var" / "static"
if WHITENOISE_USE_FINDERS := DEBUG:
    STATIC_ROOT.mkdir(parents=True, exist_ok=True)  # else a warning, which is right only where it is served from
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_500_000
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2_500  # an order may have 500 lines of four fields
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = not DEBUG

ORDER_CURRENCY = read(env.str, "ORDER_CURRENCY", "EUR")
if ORDER_CURRENCY not in {currency.code for currency in Currency}:
    raise ImproperlyConfigured(f"ORDER_CURRENCY={ORDER_CURRENCY!r} is not valid: give an ISO 4217 code such as EUR.")


def read_database() -> dict[str, Any]:
    """DATABASE_URL as Django takes it, with what each database needs to be safe and quick here."""
    url = read(env.str, "DATABASE_URL", "") or f"sqlite:///{BASE_DIR}/var/db.sqlite3"
    scheme, colon, _ = url.partition("://")
    if not colon or scheme not in {"sqlite", "postgres", "postgresql"}:
        name = scheme if colon else "no database"
        raise ImproperlyConfigured(f"DATABASE_URL names {name}, which cannot capture changes: use sqlite or postgres.")
    try:
        database: dict[str, Any] = dict(env.db_url_config(url))
    except (ValueError, TypeError) as error:  # the address is not repeated: it may hold a password
        raise ImproperlyConfigured(f"DATABASE_URL is not valid: {error}.") from error
    if database["ENGINE"] == "django.db.backends.sqlite3":
        Path(database["NAME"]).parent.mkdir(parents=True, exist_ok=True)
        database["ENGINE"] = "project.sqlite"
        # A file as well: in memory, threads that meet would get errors instead of waiting.
        database["TEST"] = {"NAME": f"{database['NAME']}.test"}
        database["OPTIONS"] = {
            # A deferred transaction that read first fails at once when another commits: take the lock at BEGIN.
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            # recursive_triggers: an INSERT OR REPLACE deletes a row, and only so fires its triggers.
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA recursive_triggers=ON;",
        }
    else:
        database["CONN_MAX_AGE"] = 60
        database["CONN_HEALTH_CHECKS"] = True
    return database


DATABASES = {"default": read_database()}

# The pages for people, like the API below: open only while debugging.
DESK_IS_OPEN = DEBUG
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "desk"
LOGOUT_REDIRECT_URL = "login"

# Open only while debugging: with debug off every API call needs a token or a session.
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "rest_framework.authentication.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": [
        "rest_framework.permissions.AllowAny" if DEBUG else "rest_framework.permissions.IsAuthenticated"
    ],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "EXCEPTION_HANDLER": "drf_standardized_errors.handler.exception_handler",
    "DEFAULT_SCHEMA_CLASS": "project.openapi.AutoSchema",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
    "STRICT_JSON": True,
}

DRF_STANDARDIZED_ERRORS = {
    "EXCEPTION_HANDLER_CLASS": "project.errors.ErrorHandler",
    # A client gets the same shape with debug on; the traceback is in the log.
    "ENABLE_IN_DEBUG_FOR_UNHANDLED_EXCEPTIONS": True,
    # The schema documents these; 405 and 500 are possible everywhere and say nothing.
    "ALLOWED_ERROR_STATUS_CODES": ["400", "401", "403", "404", "406", "413", "415"],
    "ERROR_SCHEMAS": {"400": "project.openapi.BAD_REQUEST", "413": "project.openapi.BODY_TOO_LARGE"},
}

SPECTACULAR_SETTINGS = {
    "TITLE": "Order service",
    "DESCRIPTION": "Orders, and a search over them whose index is never silently wrong.",
    "VERSION": "0.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": REST_FRAMEWORK["DEFAULT_PERMISSION_CLASSES"],
    "SWAGGER_UI_DIST": "SIDECAR",  # from our own static files
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "POSTPROCESSING_HOOKS": ["drf_standardized_errors.openapi_hooks.postprocess_schema_enums"],
    "PREPROCESSING_HOOKS": ["project.openapi.without_slash_duplicates"],
    "ENUM_NAME_OVERRIDES": {
        "OrderStatus": "orders.models.OrderStatus",
        "ErrorType": ["validation_error", "client_error", "server_error"],
        **{
            name: f"drf_standardized_errors.openapi_serializers.{name}.choices"
            for name in (
                "ClientErrorEnum",
                "ErrorCode401Enum",
                "ErrorCode403Enum",
                "ErrorCode404Enum",
                "ErrorCode406Enum",
                "ErrorCode415Enum",
            )
        },
    },
}

ELASTICSEARCH_IS_EMBEDDED = not env.str("ELASTICSEARCH_URL", default="")

# prometheus_client reads this by itself, and gunicorn.conf.py sets it.
PROMETHEUS_MULTIPROC_DIR = read(env.str, "PROMETHEUS_MULTIPROC_DIR", "")
if PROMETHEUS_MULTIPROC_DIR and not Path(PROMETHEUS_MULTIPROC_DIR).is_dir():
    raise ImproperlyConfigured(
        f"PROMETHEUS_MULTIPROC_DIR={PROMETHEUS_MULTIPROC_DIR!r} is not valid: there is no such folder."
    )

SEARCH_INDEX_PREFIX = read(env.str, "SEARCH_INDEX_PREFIX", "")
if not re.fullmatch(r"([a-z0-9][a-z0-9._-]{0,99})?", SEARCH_INDEX_PREFIX):
    raise ImproperlyConfigured(
        f"SEARCH_INDEX_PREFIX={SEARCH_INDEX_PREFIX!r} is not valid: "
        "give lower-case letters, digits, dots, dashes and underscores."
    )
SEARCH_PUSH = read_choice("SEARCH_PUSH", "sync", ("sync", "async", "off"))
SEARCH_PUSH_TIMEOUT = read_seconds("SEARCH_PUSH_TIMEOUT", 1.0)
SEARCH_DELETE_GRACE_PERIOD = read_seconds("SEARCH_DELETE_GRACE_PERIOD", 60.0)

ELASTICSEARCH_DSL: dict[str, dict[str, Any]] = {
    "default": {
        "hosts": read_engine_hosts(),
        "node_class": DeadlineNode,
        "serializer": OrjsonSerializer(),
        "request_timeout": 10,
        # A retry reads the rows again; the client never resends old bytes.
        "max_retries": 0,
        "retry_on_timeout": False,
        "connections_per_node": 16,
    }
}
if api_key := read(env.str, "ELASTICSEARCH_API_KEY", ""):
    ELASTICSEARCH_DSL["default"]["api_key"] = api_key
if ca_certs := read(env.str, "ELASTICSEARCH_CA_CERTS", ""):
    if not Path(ca_certs).is_file():
        raise ImproperlyConfigured(f"ELASTICSEARCH_CA_CERTS={ca_certs!r} is not valid: there is no such file.")
    ELASTICSEARCH_DSL["default"]["ca_certs"] = ca_certs
# Ours pushes after commit, with versions. The package's own would index every save twice, once uncommitted.
ELASTICSEARCH_DSL_SIGNAL_PROCESSOR = "search.signals.SignalProcessor"
ELASTICSEARCH_DSL_AUTO_REFRESH = False

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {
        "search": {"handlers": ["console"], "level": "INFO", "propagate": False},
        # One line a request of the client's own would drown what matters.
        "elastic_transport": {"level": "ERROR"},
    },
}
