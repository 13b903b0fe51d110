"""Serve the order service on loopback for trying it out: engine, database, gunicorn and relay, all in one terminal."""

import argparse
import os
import sys
import urllib.error
import urllib.request
from tempfile import TemporaryDirectory
from typing import Any

from tools import dotenv, errors, ports
from tools.errors import ToolError
from tools.paths import ROOT
from tools.supervisor import Stop, Supervisor

MANAGE = [sys.executable, "manage.py"]
TRY = """\
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
TOLD = ["DATABASE_URL", "ELASTICSEARCH_URL", "SEARCH_INDEX_PREFIX", "DJANGO_ENV_FILE", "EMBEDDED_ENGINE_PORT"]


def read_settings() -> Any:
    """Django's settings; a wrong one is a line."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")
    from django.conf import settings
    from django.core.exceptions import ImproperlyConfigured

    try:
        settings.DEBUG  # noqa: B018  # reads them
    except ImproperlyConfigured as error:
        raise ToolError(f"Not configured: {error}") from error
    return settings


def engine_in_use(settings: Any) -> str:
    """Which engine, in words."""
    hosts = ", ".join(address.rpartition("@")[2] for address in settings.ELASTICSEARCH_DSL["default"]["hosts"])
    return (
        f"embedded, {hosts}, for trying out only" if settings.ELASTICSEARCH_IS_EMBEDDED else f"Elasticsearch, {hosts}"
    )


def database_in_use(settings: Any) -> str:
    """Which database, in words, without its password."""
    database = settings.DATABASES["default"]
    if "sqlite" in database["ENGINE"]:
        return f"SQLite, {database['NAME']}"
    return f"PostgreSQL, {database['NAME']} at {database['HOST'] or 'localhost'}:{database['PORT'] or 5432}"


def answers(url: str) -> bool:
    """Whether an HTTP server answers there, whatever it says."""
    try:
        with urllib.request.urlopen(url, timeout=5):
            return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False


def insist_on_free(port: int, what: str) -> None:
    """ToolError when somebody listens there."""
    if ports.is_open(port):
        raise ToolError(f"Port {port} is taken: another script/server, or another program. {what}")


def serve(port: int) -> None:
    """Start everything in order and watch over it. Ends by Stop or ToolError alone."""
    insist_on_free(port, "Choose another with --port.")
    if dotenv.write_once(ROOT):
        print("Wrote .env with a random key.", flush=True)
    exports = "".join(f"\n  export {name}={os.environ[name]!r}" for name in TOLD if name in os.environ)
    settings = read_settings()  # puts what is in .env into the environment
    with TemporaryDirectory(prefix="order-service-") as measured, Supervisor() as supervisor:
        os.environ.setdefault("PROMETHEUS_MULTIPROC_DIR", measured)  # by gunicorn and the relay together
        if settings.ELASTICSEARCH_IS_EMBEDDED:
            start_engine(supervisor, settings.EMBEDDED_ENGINE_PORT)
        supervisor.finish(supervisor.start("The preparation", [sys.executable, "-m", "tools.setup_dev"]))
        url = f"http://{ports.HOST}:{port}"
        start_service(supervisor, port)
        supervisor.wait_until(lambda: answers(f"{url}/orders/"), "The service")
        print(f"Engine:   {engine_in_use(settings)}")
        print(f"Database: {database_in_use(settings)}")
        print(TRY.format(url=url, exports=exports))
        if not settings.DEBUG:
            print("Debug is off: each call needs -H 'Authorization: Token ...' (manage.py drf_create_token USER).")
        print(f"Serving {url}, with the relay. Ctrl-C stops it all.", flush=True)
        supervisor.watch()


def start_engine(supervisor: Supervisor, port: int) -> None:
    """Start the embedded engine; the preparation waits for its answer."""
    insist_on_free(port, "Stop that one, or set another EMBEDDED_ENGINE_PORT in .env.")
    (ROOT / "var").mkdir(exist_ok=True)
    supervisor.start("The embedded engine", [*MANAGE, "embedded_engine"], log=ROOT / "var" / "embedded.log")


def start_service(supervisor: Supervisor, port: int) -> None:
    """Start the relay and gunicorn, which is stopped first."""
    supervisor.start("The relay", [*MANAGE, "search_relay"])
    gunicorn = [sys.executable, "-m", "gunicorn", "project.wsgi", "--bind", f"{ports.HOST}:{port}"]
    gunicorn += ["--workers", "2", "--threads", "8", "--graceful-timeout", "5", "--log-level", "warning"]
    # A text of any length gets an answer that says what is wrong with it. No stranger can send one: this is loopback.
    gunicorn += ["--limit-request-line", "0"]
    supervisor.start("gunicorn", [*gunicorn, "--no-control-socket"])


def port_number(text: str) -> int:
    """A TCP port."""
    port = int(text)
    if not 0 < port < 65536:
        raise ValueError
    return port


def main() -> None:
    """Parse, serve."""
    parser = argparse.ArgumentParser(prog="script/server", description=__doc__)
    parser.add_argument(
        "--port", type=port_number, default=os.environ.get("PORT", "8000"), help="default 8000, or PORT"
    )
    chosen = parser.parse_args()
    os.chdir(ROOT)
    try:
        serve(chosen.port)
    except Stop:
        print("Stopped.")


if __name__ == "__main__":
    errors.run(main)
