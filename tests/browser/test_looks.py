"""Layout and accessibility of the pages, in light and dark, on a desktop and on a phone."""

import os
from pathlib import Path
from typing import Any

import pytest

from orders.models import Order
from tests.browser.conftest import Visit
from tests.browser.test_desk import assert_accessible, expect

pytestmark = [pytest.mark.chromium, pytest.mark.real, pytest.mark.slow]
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True, "device_scale_factor": 2}
IMAGES = Path(__file__).resolve().parent.parent.parent / "docs" / "images"


def screenshot(page: Any, name: str) -> None:
    """Save a screenshot for the documentation: SCREENSHOTS=1450 pytest tests/browser/test_looks.py."""
    if os.environ.get("SCREENSHOTS"):
        IMAGES.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=IMAGES / f"{name}.png", caret="initial")  # hiding the caret would need an inline style


def paths() -> list[str]:
    """Return a path for each state of a page."""
    pk = Order.objects.values_list("pk", flat=True)[3]
    order = f"/desk/orders/{pk}/"
    searches = ["/", "/?q=lamp&status=delivered&currency=EUR", "/?q=lammp", "/?q=xyzzy", "/?total_min=x", "/?cursor=x"]
    return [*searches, order, f"{order}edit", f"{order}delete", "/desk/orders/new", "/desk/nothing", "/login"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("device", ["desk", "phone"])
def test_all_pages_are_accessible_and_fit(running: str, visit: Visit, scheme: str, device: str) -> None:
    page = visit(running, color_scheme=scheme, **(PHONE if device == "phone" else {}))
    for path in paths():
        page.goto(running + path)
        assert_accessible(page)
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), path


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_search_on_a_desk(running: str, visit: Visit, scheme: str) -> None:
    page = visit(f"{running}/?q=lamp", color_scheme=scheme)
    expect(page.locator("#rows mark").first).to_be_visible()
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (sum(int(part) for part in background[4:-1].split(",")) > 384) == (scheme == "light")
    screenshot(page, f"search-{scheme}")


def test_an_order_on_a_desk(running: str, visit: Visit) -> None:
    order = Order.objects.order_by("-lines__position").first()
    assert order
    page = visit(f"{running}/desk/orders/{order.pk}/")
    expect(page.locator("#standing")).to_contain_text("Up to date.")
    screenshot(page, "order")
    page.get_by_role("link", name="Edit").click()
    expect(page.get_by_role("heading", name="Edit")).to_be_visible()
    screenshot(page, "order-edit")


def test_a_search_on_a_phone(running: str, visit: Visit) -> None:
    page = visit(f"{running}/?q=door", **PHONE)
    expect(page.locator("#filters")).to_be_hidden()
    screenshot(page, "search-phone")
    page.get_by_role("button", name="Filters").tap()
    page.get_by_label("Delivered").check()
    assert_accessible(page)
    screenshot(page, "filters-phone")
    page.get_by_role("button", name="Show the orders").tap()
    expect(page.locator("#filters")).to_be_hidden()
    expect(page.get_by_role("button", name="Filters (1)")).to_be_visible()
    expect(page.locator("#rows .pill").first).to_have_text("Delivered")
    page.locator("#rows tr").first.tap()  # the whole card is a link
    expect(page.locator("#standing")).to_be_visible()
