"""A browser, and the service that it visits, as processes of their own."""

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from elasticsearch import Elasticsearch

from order_search.documents import OrderDocument
from search.models import Entry
from search.rebuild.populate import populate
from tests.desk.orders import make_orders
from tests.faults.service import Service

COUNT = int(os.environ.get("SCREENSHOTS") or 0) or 100  # orders; SCREENSHOTS=1450 keeps pictures of so many
PATIENCE = 30_000  # milliseconds
OPTIONS = "no-sandbox disable-gpu disable-quic no-first-run disable-background-networking disable-component-update"
# Answers that a page shows as what they are; a browser writes each down as an error.
EXPECTED = re.compile(r"Failed to load resource: .* status of ((400|409|410|503) |404 .* at .*/desk/nothing$)")
Visit = Callable[..., Any]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """Debian's Chromium."""
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=PATIENCE)
    # Playwright keeps an event loop in this thread, which waits while our code runs.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        options = [f"--{option}" for option in [*OPTIONS.split(), "disable-sync"]]
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=options)
        yield browser
        browser.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


def service(engine_url: str, folder: Path, **options: Any) -> Service:
    """The service, patient with a busy machine."""
    environment = {"DJANGO_EXTRA_APPS": "tests.shop,tests.browser.apps.BrowserConfig", "SEARCH_PUSH_TIMEOUT": "20"}
    return Service(engine_url, folder, **{"relay": False, **environment, **options})


@pytest.fixture(scope="module")
def running(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory, django_db_blocker: Any) -> Iterator[str]:
    """The address of a service that all tests of a module visit; each brings its own orders."""
    [url] = settings.ELASTICSEARCH_DSL["default"]["hosts"]
    with django_db_blocker.unblock(), service(url, tmp_path_factory.mktemp("service")) as started:
        yield f"http://127.0.0.1:{started.port}"


@pytest.fixture
def orders(indices: Elasticsearch) -> None:
    """The orders, all in the index."""
    make_orders(COUNT)
    populate(OrderDocument, refresh=True)
    Entry.objects.all().delete()


def told(message: Any) -> str:
    """What the browser's console says, and of which address."""
    return f"{message.text} at {message.location['url']}"


@pytest.fixture
def visit(chromium: Any, orders: None) -> Iterator[Visit]:
    """Opens an address in a window of its own. Afterwards no window may have had an error, nor left the service."""
    contexts, said, asked = [], [], set()

    def open_(url: str, **options: Any) -> Any:
        context = chromium.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
        context.set_default_timeout(PATIENCE)
        page = context.new_page()
        page.on("console", lambda message: said.append(told(message)) if message.type == "error" else None)
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: asked.add(re.sub(r"(\w+://[^/:]*).*", r"\1", request.url)))
        page.goto(url)
        contexts.append(context)
        return page

    yield open_
    for context in contexts:
        context.close()
    assert [text for text in said if not EXPECTED.match(text)] == []
    assert asked == {"http://127.0.0.1"}
