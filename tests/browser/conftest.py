"""Fixtures: a browser, and the service that it visits, in processes of their own."""

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

COUNT = int(os.environ.get("SCREENSHOTS") or 0) or 100  # orders; SCREENSHOTS=1450 saves screenshots with that many
TIMEOUT = 30_000  # milliseconds
OPTIONS = "no-sandbox disable-gpu disable-quic no-first-run disable-background-networking disable-component-update"
# Responses that the pages handle; the browser logs each as an error.
EXPECTED = re.compile(r"Failed to load resource: .* status of ((400|409|410|503) |404 .* at .*/desk/nothing$)")
Visit = Callable[..., Any]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """Start Debian's Chromium."""
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=TIMEOUT)
    # Playwright runs an event loop in this thread, which makes Django refuse synchronous queries.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        options = [f"--{option}" for option in [*OPTIONS.split(), "disable-sync"]]
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=options)
        yield browser
        browser.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


def service(engine_url: str, folder: Path, **options: Any) -> Service:
    """Return the service with timeouts for a busy machine."""
    environment = {"DJANGO_EXTRA_APPS": "tests.shop,tests.browser.apps.BrowserConfig", "SEARCH_PUSH_TIMEOUT": "20"}
    return Service(engine_url, folder, **{"relay": False, **environment, **options})


@pytest.fixture(scope="module")
def running(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory, django_db_blocker: Any) -> Iterator[str]:
    """Return the URL of a service for all tests of a module; each test creates its own orders."""
    [url] = settings.ELASTICSEARCH_DSL["default"]["hosts"]
    with django_db_blocker.unblock(), service(url, tmp_path_factory.mktemp("service")) as started:
        yield f"http://127.0.0.1:{started.port}"


@pytest.fixture
def orders(indices: Elasticsearch) -> None:
    """Create the orders and index them."""
    make_orders(COUNT)
    populate(OrderDocument, refresh=True)
    Entry.objects.all().delete()


def console_line(message: Any) -> str:
    """Return a message of the browser's console, and the URL that it is about."""
    return f"{message.text} at {message.location['url']}"


@pytest.fixture
def visit(chromium: Any, orders: None) -> Iterator[Visit]:
    """Return a function that opens a URL in a new window. At the end, fail on console errors and requests elsewhere."""
    contexts, errors, origins = [], [], set()

    def open_(url: str, **options: Any) -> Any:
        context = chromium.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
        context.set_default_timeout(TIMEOUT)
        page = context.new_page()
        page.on("console", lambda message: errors.append(console_line(message)) if message.type == "error" else None)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("request", lambda request: origins.add(re.sub(r"(\w+://[^/:]*).*", r"\1", request.url)))
        page.goto(url)
        contexts.append(context)
        return page

    yield open_
    for context in contexts:
        context.close()
    assert [text for text in errors if not EXPECTED.match(text)] == []
    assert origins == {"http://127.0.0.1"}
