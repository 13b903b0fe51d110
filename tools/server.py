"""Serve the order service on loopback for trying it out: engine, database, gunicorn and relay in one terminal."""

import argparse
import os
import sys
import urllib.error
import urllib.request
from tempfile import TemporaryDirectory
from typing import Any

from tools import dotenv, embedded_engine, errors, gunicorn, ports
from tools.errors import ToolError
from tools.paths import ROOT
from tools.supervisor import Stop, Supervisor

EXAMPLES = """\
Try, in a second shell:
  . .venv/bin/activate{exports}
  python manage.py search_index --create
  curl -X POST {url}/orders/create -H "Content-Type: application/json" -d '{{"order_number": "order00003", \
"customer_name": "John Doe", "total_amount": 1234.56}}'
  curl -X PATCH {url}/orders/update/3/ -H "Content-Type: application/json" -d '{{"customer_name": "Jane Doe", \
"total_amount": 12.56}}'
  curl "{url}/orders/search?q=jane&fresh=true"
  python manage.py search_index --rebuild
"""
EXPORTED = ["DATABASE_URL", "ELASTICSEARCH_URL", "SEARCH_INDEX_PREFIX", "DJANGO_ENV_FILE", "EMBEDDED_ENGINE_PORT"]


def read_settings() -> Any:
    """Return Django's settings. ToolError, with the reason in one line, if one is not valid."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")
    from django.conf import settings
    from django.core.exceptions import ImproperlyConfigured

    try:
        settings.DEBUG  # noqa: B018  # loads them
    except ImproperlyConfigured as error:
        raise ToolError(f"Not configured: {error}") from error
    return settings


def describe_engine(settings: Any) -> str:
    hosts = ", ".join(address.rpartition("@")[2] for address in settings.ELASTICSEARCH_DSL["default"]["hosts"])
    return (
        f"embedded, {hosts}, for trying out only" if settings.ELASTICSEARCH_IS_EMBEDDED else f"Elasticsearch, {hosts}"
    )


def describe_database(settings: Any) -> str:
    """Describe the database in use, without its password."""
    database = settings.DATABASES["default"]
    if "sqlite" in database["ENGINE"]:
        return f"SQLite, {database['NAME']}"
    return f"PostgreSQL, {database['NAME']} at {database['HOST'] or 'localhost'}:{database['PORT'] or 5432}"


def answers(url: str) -> bool:
    """Return whether an HTTP server answers at this URL, with any status."""
    try:
        with urllib.request.urlopen(url, timeout=5):
            return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False


def refuse_taken_port(port: int, advice: str) -> None:
    if ports.is_open(port):
        raise ToolError(f"Port {port} is taken: another script/server, or another program. {advice}")


def serve(port: int) -> None:
    """Start everything in order and watch it. It ends only by Stop or ToolError."""
    refuse_taken_port(port, "Choose another with --port.")
    if dotenv.write_once(ROOT):
        print("Wrote .env with a random key.", flush=True)
    exports = "".join(f"\n  export {name}={os.environ[name]!r}" for name in EXPORTED if name in os.environ)
    settings = read_settings()  # which also puts the contents of .env into the environment
    with TemporaryDirectory(prefix="order-service-") as metrics_folder, Supervisor() as supervisor:
        os.environ.setdefault("PROMETHEUS_MULTIPROC_DIR", metrics_folder)  # shared by gunicorn and the relay
        if settings.ELASTICSEARCH_IS_EMBEDDED:
            start_embedded_engine(supervisor, settings)
        supervisor.finish(supervisor.start("The preparation", [sys.executable, "-m", "tools.setup_dev"]))
        url = f"http://{ports.HOST}:{port}"
        start_service(supervisor, port)
        supervisor.wait_until(lambda: answers(f"{url}/orders/"), "The service")
        print(f"Engine:   {describe_engine(settings)}")
        print(f"Database: {describe_database(settings)}")
        print(EXAMPLES.format(url=url, exports=exports))
        if not settings.DEBUG:
            print("Debug is off: each call needs -H 'Authorization: Token ...' (manage.py drf_create_token USER).")
        print(f"Serving {url}, with the relay. Ctrl-C stops it all.", flush=True)
        supervisor.watch()


def start_embedded_engine(supervisor: Supervisor, settings: Any) -> None:
    """Start the embedded engine without waiting for its answer: the preparation does."""
    embedded_engine.refuse_in_production(settings.DEBUG)
    port = settings.EMBEDDED_ENGINE_PORT
    refuse_taken_port(port, "Stop that one, or set another EMBEDDED_ENGINE_PORT in .env.")
    data = ROOT / "var" / "embedded"
    command = embedded_engine.command(port, data)
    data.mkdir(parents=True, exist_ok=True)
    supervisor.start("The embedded engine", command, log=ROOT / "var" / "embedded.log")


def start_service(supervisor: Supervisor, port: int) -> None:
    """Start the relay and then gunicorn, so that gunicorn is stopped first."""
    supervisor.start("The relay", [sys.executable, "manage.py", "search_relay"])
    # With no limit, a text of any length gets the service's own answer; the listener is on loopback.
    supervisor.start("gunicorn", gunicorn.command(port, "--limit-request-line", "0"))


def port_number(text: str) -> int:
    port = int(text)
    if not 0 < port < 65536:
        raise ValueError
    return port


def main() -> None:
    parser = argparse.ArgumentParser(prog="script/server", description=__doc__)
    parser.add_argument(
        "--port", type=port_number, default=os.environ.get("PORT", "8000"), help="default 8000, or PORT"
    )
    options = parser.parse_args()
    os.chdir(ROOT)
    try:
        serve(options.port)
    except Stop:
        print("Stopped.")


if __name__ == "__main__":
    errors.run(main)
