"""How the pages look to those who see them, in light and dark, on a desk and on a phone, and to those who do not."""

import os
from pathlib import Path
from typing import Any

import pytest

from orders.models import Order
from tests.browser.conftest import Visit
from tests.browser.test_desk import expect, look_for_barriers

pytestmark = [pytest.mark.chromium, pytest.mark.real, pytest.mark.slow]
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True, "device_scale_factor": 2}
IMAGES = Path(__file__).resolve().parent.parent.parent / "docs" / "images"


def keep(page: Any, name: str) -> None:
    """Keep a picture for the documentation, when asked: SCREENSHOTS=1450 pytest tests/browser/test_looks.py."""
    if os.environ.get("SCREENSHOTS"):
        IMAGES.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=IMAGES / f"{name}.png", caret="initial")  # hiding it would be an inline style


def paths() -> list[str]:
    """An address for each state of a page."""
    pk = Order.objects.values_list("pk", flat=True)[3]
    one = f"/desk/orders/{pk}/"
    searches = ["/", "/?q=lamp&status=delivered&currency=EUR", "/?q=lammp", "/?q=xyzzy", "/?total_min=x", "/?cursor=x"]
    return [*searches, one, f"{one}edit", f"{one}delete", "/desk/orders/new", "/desk/nothing", "/login"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("device", ["desk", "phone"])
def test_nothing_keeps_people_out_and_all_fits(running: str, visit: Visit, scheme: str, device: str) -> None:
    page = visit(running, color_scheme=scheme, **(PHONE if device == "phone" else {}))
    for path in paths():
        page.goto(running + path)
        look_for_barriers(page)
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), path


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_search_on_a_desk(running: str, visit: Visit, scheme: str) -> None:
    page = visit(f"{running}/?q=lamp", color_scheme=scheme)
    expect(page.locator("#rows mark").first).to_be_visible()
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (sum(int(part) for part in ground[4:-1].split(",")) > 384) == (scheme == "light")
    keep(page, f"search-{scheme}")


def test_an_order_on_a_desk(running: str, visit: Visit) -> None:
    order = Order.objects.order_by("-lines__position").first()
    assert order
    page = visit(f"{running}/desk/orders/{order.pk}/")
    expect(page.locator("#standing")).to_contain_text("Up to date.")
    keep(page, "order")
    page.get_by_role("link", name="Edit").click()
    expect(page.get_by_role("heading", name="Edit")).to_be_visible()
    keep(page, "order-edit")


def test_a_search_on_a_phone(running: str, visit: Visit) -> None:
    page = visit(f"{running}/?q=door", **PHONE)
    expect(page.locator("#filters")).to_be_hidden()
    keep(page, "search-phone")
    page.get_by_role("button", name="Filters").tap()
    page.get_by_label("Delivered").check()
    look_for_barriers(page)
    keep(page, "filters-phone")
    page.get_by_role("button", name="Show the orders").tap()
    expect(page.locator("#filters")).to_be_hidden()
    expect(page.get_by_role("button", name="Filters (1)")).to_be_visible()
    expect(page.locator("#rows .pill").first).to_have_text("Delivered")
    page.locator("#rows tr").first.tap()  # the whole card leads to its order
    expect(page.locator("#standing")).to_be_visible()
