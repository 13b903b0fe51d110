"""Django settings. Only this module reads the environment and `.env`; an invalid value is one clear line."""

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
    """Return the variable as `reader` parses it. Raise ImproperlyConfigured, which names the variable, if it cannot."""
    try:
        return reader(name, default=default)
    except (ValueError, TypeError) as error:
        raise ImproperlyConfigured(f"{name}={env.str(name)!r} is not valid: {error}") from error


def read_names(name: str, default: list[str]) -> list[str]:
    return [item.strip() for item in read(env.list, name, default) if item.strip()]


def read_seconds(name: str, default: float) -> float:
    """Return a positive, finite number of seconds."""
    text = read(env.str, name, str(default))
    try:
        if 0 < (seconds := float(text)) < float("inf"):
            return seconds
    except ValueError:
        pass
    raise ImproperlyConfigured(f"{name}={text!r} is not valid: set a positive number of seconds.")


def read_choice(name: str, default: str, choices: tuple[str, ...]) -> str:
    choice = read(env.str, name, default)
    if choice not in choices:
        raise ImproperlyConfigured(f"{name}={choice!r} is not valid: choose one of {', '.join(choices)}.")
    return choice


def read_bool(name: str, default: bool) -> bool:
    """Return on/off, true/false, yes/no or 1/0. django-environ's own reader would take anything else for off."""
    text = read(env.str, name, "on" if default else "off").strip().lower()
    if text not in {"on", "off", "true", "false", "yes", "no", "1", "0"}:
        raise ImproperlyConfigured(f"{name}={text!r} is not valid: choose on or off.")
    return text in {"on", "true", "yes", "1"}


def read_engine_hosts() -> list[str]:
    """Return the URLs of Elasticsearch or, with DEBUG and none set, the URL of the embedded engine."""
    hosts = [host.strip().rstrip("/") for host in read(env.str, "ELASTICSEARCH_URL", "").split(",") if host.strip()]
    for host in hosts:
        try:
            if not host.startswith(("http://", "https://")):
                raise ValueError("not an HTTP URL")
            url_to_node_config(host, use_default_ports_for_scheme=host.startswith("https:"))
        except ValueError as error:  # the message does not repeat the URL, which may contain a password
            raise ImproperlyConfigured(
                "ELASTICSEARCH_URL is not valid: set it to a URL such as http://host:9200."
            ) from error
    if hosts:
        return hosts
    if not EMBEDDED_ENGINE_PORT:
        raise ImproperlyConfigured(
            "ELASTICSEARCH_URL is not set. Set it to the URL of Elasticsearch, or run script/server once."
        )
    if not DEBUG:
        raise ImproperlyConfigured(
            "ELASTICSEARCH_URL is not set, and the embedded engine is for evaluation only: it needs DJANGO_DEBUG=on."
        )
    return [f"http://127.0.0.1:{EMBEDDED_ENGINE_PORT}"]


DEBUG = read_bool("DJANGO_DEBUG", False)
EMBEDDED_ENGINE_PORT = read(env.int, "EMBEDDED_ENGINE_PORT", 0)
SECRET_KEY = read(env.str, "DJANGO_SECRET_KEY", "")
ALLOWED_HOSTS = read_names("DJANGO_ALLOWED_HOSTS", ["127.0.0.1", "localhost", "[::1]"] if DEBUG else [])
if not SECRET_KEY:
    raise ImproperlyConfigured("DJANGO_SECRET_KEY is not set. Set it to a long random text, or run script/server once.")
if not ALLOWED_HOSTS:
    raise ImproperlyConfigured("DJANGO_ALLOWED_HOSTS is not set. Set it to the host names of this service.")

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
    # Before django_elasticsearch_dsl, whose search_index command it replaces.
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
    STATIC_ROOT.mkdir(parents=True, exist_ok=True)  # WhiteNoise warns if it is missing, though it is unused here
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_500_000
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2_500  # the form of an order with 500 lines of four fields
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = not DEBUG

ORDER_CURRENCY = read(env.str, "ORDER_CURRENCY", "EUR")
if ORDER_CURRENCY not in {currency.code for currency in Currency}:
    raise ImproperlyConfigured(f"ORDER_CURRENCY={ORDER_CURRENCY!r} is not valid: set an ISO 4217 code such as EUR.")


def read_database() -> dict[str, Any]:
    url = read(env.str, "DATABASE_URL", "") or f"sqlite:///{BASE_DIR}/var/db.sqlite3"
    scheme, colon, _ = url.partition("://")
    if not colon or scheme not in {"sqlite", "postgres", "postgresql"}:
        name = scheme if colon else "no database"
        raise ImproperlyConfigured(f"DATABASE_URL names {name}, which is not supported: use sqlite or postgres.")
    try:
        database: dict[str, Any] = dict(env.db_url_config(url))
    except (ValueError, TypeError) as error:  # the message does not repeat the URL, which may contain a password
        raise ImproperlyConfigured(f"DATABASE_URL is not valid: {error}.") from error
    if database["ENGINE"] == "django.db.backends.sqlite3":
        Path(database["NAME"]).parent.mkdir(parents=True, exist_ok=True)
        database["ENGINE"] = "project.sqlite"
        # A file: with an in-memory database, concurrent threads get errors instead of waiting for locks.
        database["TEST"] = {"NAME": f"{database['NAME']}.test"}
        database["OPTIONS"] = {
            # Lock at BEGIN: a deferred transaction that has read fails at once if another commits before it writes.
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            # recursive_triggers: without it, INSERT OR REPLACE does not fire the delete triggers of the replaced row.
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA recursive_triggers=ON;",
        }
    else:
        database["CONN_MAX_AGE"] = 60
        database["CONN_HEALTH_CHECKS"] = True
    return database


DATABASES = {"default": read_database()}

# The desk needs no login with DEBUG, like the API below.
DESK_IS_OPEN = DEBUG
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "desk"
LOGOUT_REDIRECT_URL = "login"

# Without DEBUG every API call needs a token or a session.
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
    # The same response with DEBUG; the traceback is in the log.
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
    "SWAGGER_UI_DIST": "SIDECAR",  # served from static files, not from a CDN
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

# prometheus_client reads this variable itself; gunicorn.conf.py sets it.
PROMETHEUS_MULTIPROC_DIR = read(env.str, "PROMETHEUS_MULTIPROC_DIR", "")
if PROMETHEUS_MULTIPROC_DIR and not Path(PROMETHEUS_MULTIPROC_DIR).is_dir():
    raise ImproperlyConfigured(
        f"PROMETHEUS_MULTIPROC_DIR={PROMETHEUS_MULTIPROC_DIR!r} is not valid: the folder does not exist."
    )

SEARCH_INDEX_PREFIX = read(env.str, "SEARCH_INDEX_PREFIX", "")
if not re.fullmatch(r"([a-z0-9][a-z0-9._-]{0,99})?", SEARCH_INDEX_PREFIX):
    raise ImproperlyConfigured(
        f"SEARCH_INDEX_PREFIX={SEARCH_INDEX_PREFIX!r} is not valid: "
        "use lower-case letters, digits, dots, dashes and underscores."
    )
SEARCH_PUSH = read_choice("SEARCH_PUSH", "sync", ("sync", "async", "off"))
SEARCH_PUSH_TIMEOUT = read_seconds("SEARCH_PUSH_TIMEOUT", 1.0)
SEARCH_DELETE_GRACE_PERIOD = read_seconds("SEARCH_DELETE_GRACE_PERIOD", 60.0)
if ELASTICSEARCH_IS_EMBEDDED:
    SEARCH_TIMEOUT = 10.0  # the embedded engine reads every document for every word

ELASTICSEARCH_DSL: dict[str, dict[str, Any]] = {
    "default": {
        "hosts": read_engine_hosts(),
        "node_class": DeadlineNode,
        "serializer": OrjsonSerializer(),
        "request_timeout": 10,
        # No retries by the client: they would send old documents. Our retries read the rows again.
        "max_retries": 0,
        "retry_on_timeout": False,
        "connections_per_node": 16,
    }
}
if api_key := read(env.str, "ELASTICSEARCH_API_KEY", ""):
    ELASTICSEARCH_DSL["default"]["api_key"] = api_key
if ca_certs := read(env.str, "ELASTICSEARCH_CA_CERTS", ""):
    if not Path(ca_certs).is_file():
        raise ImproperlyConfigured(f"ELASTICSEARCH_CA_CERTS={ca_certs!r} is not valid: the file does not exist.")
    ELASTICSEARCH_DSL["default"]["ca_certs"] = ca_certs
# Pushes after commit, with versions. The package's own processor would also index each save before its commit.
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
        # The client logs a line for every request.
        "elastic_transport": {"level": "ERROR"},
    },
}
