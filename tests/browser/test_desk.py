"""The desk, driven in a real browser against the real engine."""

import re
import signal
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db.models import QuerySet
from elasticsearch import Elasticsearch
from elasticsearch.dsl.connections import connections

from orders.models import Order
from tests.browser.conftest import COUNT, Visit, service
from tests.faults.own import own_elasticsearch
from tools.elasticsearch import Server

pytestmark = [pytest.mark.chromium, pytest.mark.real, pytest.mark.slow]


def expect(locator: Any) -> Any:
    from playwright.sync_api import expect

    return expect(locator)


def lamps() -> QuerySet[Order]:
    """Return the orders that "lamp" finds."""
    return Order.objects.filter(lines__description__contains="lamp").distinct()


def orders_found(count: int) -> str:
    """Return what the page says when a search finds this many orders."""
    return f"{count} order{'' if count == 1 else 's'} found"


def numbers(page: Any) -> list[str]:
    """Return the order numbers in the table."""
    return list(page.locator("#rows td.number a").all_inner_texts())


def press_until_focused(page: Any, key: str, name: str) -> None:
    """Press a key until the element `name` has the focus. Fail if the focus is invisible on any element on the way."""
    seen: list[str] = []
    while len(seen) < 120:
        page.keyboard.press(key)
        here = page.evaluate(
            "() => { const e = document.activeElement, s = getComputedStyle(e);"
            " return [e.id || e.name || e.textContent.trim(), s.outlineStyle]; }"
        )
        assert here[1] != "none", f"the focus cannot be seen on {here[0]}"
        seen.append(here[0])
        if here[0] == name:
            return
    raise AssertionError(f"{name} is not reached by {key}: {seen}")


class TestSearching:
    """Typing, filtering, sorting, paging."""

    def test_it_searches_as_you_type(self, running: str, visit: Visit) -> None:
        page = visit(running)
        expect(page.locator("#count")).to_have_text(f"{COUNT} orders")
        page.locator("#q").press_sequentially("lam")
        expect(page.locator("#count")).to_have_text(orders_found(lamps().count()))
        expect(page.locator("#rows mark").first).to_have_text(re.compile("lamp", re.IGNORECASE))
        expect(page).to_have_url(f"{running}/?q=lam")
        expect(page.locator("#q")).to_be_focused()
        page.locator("#q").press_sequentially("p")
        expect(page).to_have_url(f"{running}/?q=lamp")
        expect(page).to_have_title("lamp · Orders · Order desk")
        page.go_back()  # the text has replaced its own beginning
        expect(page).to_have_url(f"{running}/")
        expect(page.locator("#count")).to_have_text(f"{COUNT} orders")

    def test_the_back_button_undoes_filters(self, running: str, visit: Visit) -> None:
        delivered = lamps().filter(status="delivered")
        page = visit(f"{running}/?q=lamp")
        page.get_by_label(re.compile("^Delivered")).check()
        expect(page.locator("#count")).to_have_text(orders_found(delivered.count()))
        expect(page).to_have_url(f"{running}/?status=delivered&q=lamp")
        page.get_by_label("At least").fill("500")
        expect(page.locator("#count")).to_have_text(orders_found(delivered.filter(total_amount__gte=500).count()))
        shared = page.url
        page.go_back()
        expect(page.locator("#count")).to_have_text(orders_found(delivered.count()))
        expect(page.get_by_label("At least")).to_have_value("")
        page.go_back()
        expect(page.locator("#count")).to_have_text(orders_found(lamps().count()))
        expect(page.get_by_label(re.compile("^Delivered"))).not_to_be_checked()
        other = visit(shared)
        expect(other.get_by_label(re.compile("^Delivered"))).to_be_checked()
        expect(other.get_by_label("At least")).to_have_value("500")
        other.get_by_role("link", name="Clear all").click()
        expect(other).to_have_url(f"{running}/?q=lamp")
        expect(other.get_by_label("At least")).to_have_value("")

    def test_a_range_and_a_month_are_chosen_by_a_link(self, running: str, visit: Visit) -> None:
        page = visit(running)
        page.get_by_role("link", name=re.compile("^100 to 500")).click()
        count = Order.objects.filter(total_amount__gte=100, total_amount__lt=500).count()
        expect(page.locator("#count")).to_have_text(orders_found(count))
        expect(page.get_by_label("At least")).to_have_value("100")
        page.get_by_role("link", name=re.compile("^November 2026")).click()
        expect(page).to_have_url(re.compile("created_after=2026-11-01&created_before=2026-11-30"))
        in_november = Order.objects.filter(total_amount__gte=100, total_amount__lt=500, created_at__month=11).filter(
            created_at__year=2026
        )
        expect(page.locator("#count")).to_have_text(orders_found(in_november.count()))

    def test_heads_sort(self, running: str, visit: Visit) -> None:
        page = visit(running)
        page.get_by_role("link", name="Total").click()
        expect(page.get_by_role("columnheader", name="Total")).to_have_attribute("aria-sort", "descending")
        largest = Order.objects.order_by("-total_amount", "-id").first()
        assert largest
        expect(page.locator("#rows td.number").first).to_have_text(largest.order_number)
        expect(page.locator("#by-total")).to_be_focused()
        page.locator("#q").fill("lamp")  # what is typed then stays in this order
        expect(page.locator("#count")).to_have_text(orders_found(lamps().count()))
        expect(page.get_by_role("columnheader", name="Total")).to_have_attribute("aria-sort", "descending")

    def test_more_orders_load_on_scrolling(self, running: str, visit: Visit) -> None:
        page = visit(running)
        rows = page.locator("#rows td.number")
        expect(rows).to_have_count(30)
        for count in (60, 90, COUNT):
            page.locator("#more").scroll_into_view_if_needed()
            expect(rows).to_have_count(count)
        expect(page.locator("#more")).to_have_count(0)
        assert numbers(page) == [f"D-{1000 + COUNT - at}" for at in range(COUNT)]

    def test_without_javascript(self, running: str, visit: Visit) -> None:
        page = visit(running, java_script_enabled=False)
        page.get_by_role("link", name="Show more orders").click()
        assert numbers(page) == [f"D-{1000 + COUNT - at}" for at in range(30, 60)]
        page.get_by_label("Search orders").fill("lamp")
        page.get_by_role("button", name="Search", exact=True).click()
        expect(page).to_have_url(f"{running}/?q=lamp")
        expect(page.locator("#results-title")).to_have_text(orders_found(lamps().count()))

    def test_completions(self, running: str, visit: Visit) -> None:
        page = visit(running)
        box, options = page.get_by_role("combobox", name="Search orders"), page.locator("#suggestions option")
        box.press_sequentially("feath")
        expect(options).to_have_count(1)
        expect(options.first).to_have_attribute("value", "Featherstone & Sons")
        box.fill("Featherstone & Sons")  # as a browser does when it is chosen
        count = Order.objects.filter(customer_name="Featherstone & Sons").count()
        expect(page.locator("#count")).to_have_text(orders_found(count))
        expect(options).to_have_count(0)
        expect(box).to_be_focused()

    def test_did_you_mean(self, running: str, visit: Visit) -> None:
        page = visit(running)
        page.locator("#q").fill("lammp")
        page.locator("#did-you-mean").click()
        expect(page.locator("#count")).to_have_text(orders_found(lamps().count()))
        expect(page.locator("#q")).to_have_value("lamp")


class TestOrder:
    """An order's page and its forms."""

    def test_edited_and_found(self, running: str, visit: Visit) -> None:
        page = visit(f"{running}/?q=D-1003")
        page.get_by_role("link", name="D-1003").click()
        expect(page.locator("#standing")).to_contain_text("Up to date.")
        page.get_by_role("link", name="Edit").click()
        lines = page.locator("fieldset.line")
        before = lines.count()
        page.get_by_label("Customer").fill("Quentin Quark")
        page.get_by_role("button", name="Add a line").click()
        expect(lines).to_have_count(before + 1)
        expect(lines.last.get_by_label("SKU")).to_be_focused()
        expect(page.get_by_label("Customer")).to_have_value("Quentin Quark")
        page.keyboard.type("ZZZ-9")
        lines.last.get_by_label("Quantity").fill("3")
        lines.last.get_by_label("Unit price").fill("1000.50")
        page.get_by_label("Note").focus()
        total = Order.objects.get(order_number="D-1003").total_amount + Decimal("3001.50")
        expect(page.locator("#sum")).to_contain_text(f"{total:,.2f}")
        page.get_by_role("button", name="Save", exact=True).last.click()
        expect(page.get_by_text("Order D-1003 has been saved.")).to_be_visible()
        expect(page.locator("#standing")).to_contain_text("Up to date.")
        page.get_by_role("link", name="All orders").click()
        page.locator("#q").fill("quark zzz-9")
        expect(page.locator("#count")).to_have_text("1 order found")
        assert numbers(page) == ["D-1003"]

    def test_errors_are_shown_at_their_fields(self, running: str, visit: Visit) -> None:
        page = visit(f"{running}/desk/orders/new")
        expect(page.get_by_label("Order number")).to_be_focused()
        page.keyboard.type("D-1001")
        page.keyboard.press("Enter")  # saves, and does not remove a line
        expect(page.get_by_role("alert").last).to_contain_text("has not been saved")
        expect(page.get_by_label("Order number")).to_have_accessible_description(
            "order with this order number already exists."
        )
        expect(page.get_by_label("Customer")).to_have_accessible_description("This field may not be blank.")

    def test_created_without_javascript(self, running: str, visit: Visit) -> None:
        page = visit(f"{running}/desk/orders/new", java_script_enabled=False)
        page.get_by_label("Order number").fill("N-1")
        page.get_by_label("Customer").fill("Nora")
        page.get_by_label("SKU").fill("A-1")
        page.get_by_role("button", name="Add a line").click()
        page.get_by_role("button", name="Remove line 1").click()
        page.get_by_label("SKU").fill("A-2")
        page.get_by_label("Quantity").fill("2")
        page.get_by_label("Unit price").fill("1.25")
        page.get_by_role("button", name="Save", exact=True).last.click()
        expect(page.get_by_role("heading", name="N-1")).to_be_visible()
        expect(page.locator("tfoot")).to_contain_text("2.50")

    def test_a_conflict_shows_both_versions(self, running: str, visit: Visit) -> None:
        pk = Order.objects.get(order_number="D-1005").pk
        page = visit(f"{running}/desk/orders/{pk}/edit")
        Order.objects.filter(pk=pk).update(customer_name="Theirs")
        page.get_by_label("Customer").fill("Yours")
        page.get_by_role("button", name="Save", exact=True).last.click()
        expect(page.locator("#conflict")).to_contain_text("Someone else has changed this order")
        expect(page.get_by_role("row", name="Customer")).to_contain_text("Theirs")
        page.get_by_role("button", name="Save my version").click()
        expect(page.get_by_text("Yours")).to_be_visible()

    def test_deleted_when_confirmed(self, running: str, visit: Visit) -> None:
        pk = Order.objects.get(order_number="D-1005").pk
        page = visit(f"{running}/desk/orders/{pk}/")
        page.get_by_role("link", name="Delete").click()
        page.get_by_role("link", name="Keep it").click()
        page.get_by_role("link", name="Delete").click()
        page.get_by_role("button", name="Delete it").click()
        expect(page.get_by_text("Order D-1005 has been deleted.")).to_be_visible()
        expect(page.locator("#count")).to_have_text(f"{COUNT - 1} orders")


class TestKeyboard:
    """Everything works without a mouse."""

    def test_an_order_is_found_and_changed(self, running: str, visit: Visit) -> None:
        page = visit(running)
        page.keyboard.press("Tab")
        expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.locator("#main")).to_be_focused()
        page.keyboard.press("/")
        expect(page.locator("#q")).to_be_focused()
        page.keyboard.type("D-1004")
        expect(page.locator("#count")).to_have_text("1 order found")
        press_until_focused(page, "Tab", "Skip the filters")
        page.keyboard.press("Enter")
        expect(page.locator("#results")).to_be_focused()
        press_until_focused(page, "Tab", "D-1004")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="D-1004")).to_be_visible()
        press_until_focused(page, "Tab", "Edit")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="Edit D-1004")).to_be_visible()
        press_until_focused(page, "Tab", "id-customer_name")
        page.keyboard.press("Control+a")
        page.keyboard.type("Kay Board")
        page.keyboard.press("Enter")
        expect(page.get_by_text("Order D-1004 has been saved.")).to_be_visible()

    def test_the_focus_stays_where_filters_change(self, running: str, visit: Visit) -> None:
        page = visit(running)
        press_until_focused(page, "Tab", "status-paid")
        page.keyboard.press("Space")
        expect(page).to_have_url(f"{running}/?status=paid")
        expect(page.locator("#status-paid")).to_be_focused()
        page.get_by_role("link", name="Clear all").focus()
        page.keyboard.press("Enter")
        expect(page).to_have_url(f"{running}/")
        expect(page.locator("#results")).to_be_focused()  # since the link is gone


@pytest.mark.faults
@pytest.mark.once
@pytest.mark.timeout(300)  # a busy machine may start it twice
class TestEngineKilled:
    """Elasticsearch is killed and started again."""

    @pytest.fixture
    def server(self) -> Iterator[Server]:
        with own_elasticsearch() as server:
            yield server

    @pytest.fixture
    def engine(self, server: Server) -> Elasticsearch:
        """Return the client of this class's own server, which has the orders' index."""
        return connections.get_connection()

    def test_killed_and_back(self, server: Server, visit: Visit, tmp_path: Path) -> None:
        with service(server.url, tmp_path, relay=True, SEARCH_PUSH_TIMEOUT="1") as started:
            self.drive(visit(f"http://127.0.0.1:{started.port}"), server)

    def drive(self, page: Any, server: Server) -> None:
        badge, heading = page.locator("#badge"), page.locator("#results-title")
        expect(badge).to_have_text("Search: Up to date")
        server.stop(signal.SIGKILL)
        expect(badge).to_contain_text("Search is down")
        page.locator("#q").fill("lamp")
        expect(heading).to_have_text("Newest orders")
        expect(page.locator("#results")).to_contain_text("Search is not available right now.")
        expect(page.locator("#rows td.number").first).to_have_text(f"D-{1000 + COUNT}")
        assert_accessible(page)
        page.get_by_role("link", name="New order").click()
        page.get_by_label("Order number").fill("DOWN-1")
        page.get_by_label("Customer").fill("Written while search is down")
        page.get_by_label("Total").fill("5")
        page.get_by_role("button", name="Save", exact=True).last.click()
        expect(page.get_by_text("Order DOWN-1 has been saved.")).to_be_visible()
        expect(page.locator("#standing")).to_contain_text("Pending.")
        expect(badge).to_contain_text("1 pending")
        server.start()
        expect(badge).to_have_text("Search: Up to date")
        expect(page.locator("#standing")).to_contain_text("Up to date.")
        page.get_by_role("link", name="All orders").click()
        page.locator("#q").fill("written")
        expect(page.locator("#count")).to_have_text("1 order found")


def assert_accessible(page: Any) -> None:
    """Fail on violations that axe-core finds."""
    from axe_playwright_python.sync_playwright import Axe

    violations = [
        (violation["id"], [node["html"] + node["failureSummary"] for node in violation["nodes"]])
        for violation in Axe().run(page).response["violations"]
    ]
    assert violations == [], page.url
