"""The pages, as a browser without JavaScript gets them. No engine answers here, except where a test asks for one."""

import re
from collections.abc import Iterator
from decimal import Decimal
from html import escape, unescape
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db.models import Count, Q, Sum
from django.db.models.functions import TruncMonth
from django.test import Client
from elasticsearch import Elasticsearch
from elasticsearch.dsl.connections import connections

from desk.results import COLUMNS
from order_search.documents import OrderDocument
from orders.models import Order, OrderLine
from search.models import Entry
from search.rebuild.populate import populate
from tests.desk.orders import make_orders
from tests.order_search.conftest import points_in_time
from tests.support import wait_until

LINE = {"sku": "LMP-1", "description": "Lamp", "quantity": "2", "unit_price": "9.50"}


@pytest.fixture
def client(settings: Any, db: None) -> Client:
    settings.DESK_IS_OPEN = True
    return Client()


def order(**values: Any) -> Order:
    """An order with one line."""
    made = Order.objects.create(**{"order_number": "A-1", "customer_name": "Ann", "total_amount": 19} | values)
    OrderLine.objects.create(order=made, position=1, sku="LMP-1", description="Lamp", quantity=2, unit_price="9.50")
    made.refresh_from_db()
    return made


def filled(*lines: dict[str, str], **values: str) -> dict[str, Any]:
    """What a browser sends for the form of an order."""
    columns = {name: [line.get(name, "") for line in lines] for name in LINE}
    basics = {"order_number": "A-1", "customer_name": "Ann", "status": "placed", "currency": "EUR"}
    return {**basics, "total_amount": "", "note": "", "version": "", **columns, **values}


def text(response: Any, element: str) -> str:
    """What stands in the page's element with this id, without its tags."""
    page = response.content.decode()
    [_, begins] = re.split(rf'<\w+[^>]* id="{element}"[^>]*>', page)
    return " ".join(re.sub(r"<[^>]*>", " ", re.split(r"</(?:section|div|p|fieldset|a|ul)>", begins)[0]).split())


class TestWithoutAnEngine:
    """Search is down: the page says so, and shows what the database has."""

    @pytest.fixture(autouse=True)
    def _nobody_answers(self) -> Iterator[None]:
        before = connections.get_connection()
        connections.create_connection(hosts=["http://127.0.0.1:9"], max_retries=0)  # the discard port
        yield
        connections.add_connection("default", before)

    def test_the_newest_orders_come_from_the_database(self, client: Client) -> None:
        make_orders(40)
        response = client.get("/?q=lamp&status=paid")
        page = response.content.decode()
        assert (response.status_code, response["Retry-After"]) == (503, "5")
        assert "Search is not available right now." in page
        assert re.findall(r"/desk/orders/\d+/\">([^<]+)<", page) == [f"D-{1040 - at}" for at in range(30)]
        assert text(response, "badge").startswith("Search: Search is down; 40 waiting, oldest ")

    def test_an_order_is_found_by_its_whole_number(self, client: Client) -> None:
        make_orders(3)
        page = client.get("/?q=D-1002").content.decode()
        assert re.findall(r"/desk/orders/\d+/\">([^<]+)<", page) == ["D-1002"]

    def test_what_is_in_an_order_is_text(self, client: Client) -> None:
        order(customer_name="<script>alert(1)</script>", order_number="<b>")
        page = client.get("/").content.decode()
        assert "&lt;script&gt;alert(1)" in page
        assert "<script>alert" not in page
        assert "<b></a>" not in page

    @pytest.mark.parametrize("sort", [f"{dash}{name}" for name in COLUMNS if name for dash in ("", "-")])
    def test_whatever_a_head_sorts_by_stays_when_something_is_typed(self, client: Client, sort: str) -> None:
        assert re.search(rf'<option value="{sort}" selected>', client.get(f"/?sort={sort}").content.decode())

    def test_nothing_is_completed(self, client: Client) -> None:
        order()
        response = client.get("/desk/suggest?q=ann")
        assert (response.status_code, response.content.strip()) == (200, b"")

    def test_no_orders_at_all(self, client: Client) -> None:
        assert "There are no orders to show." in client.get("/").content.decode()

    def test_the_next_page_says_why_it_does_not_come(self, client: Client) -> None:
        make_orders(1)
        response = client.get("/?cursor=x", headers={"HX-Request": "true"})
        assert (response.status_code, "D-1001" in response.content.decode()) == (400, False)
        assert "This list cannot be continued." in response.content.decode()

    def test_an_order_that_waits_says_so(self, client: Client) -> None:
        page = client.get(f"/desk/orders/{order().pk}/")
        assert text(page, "standing").startswith("In search Waiting. Search may still show an older version")
        assert "2 waiting" not in text(client.get("/desk/badge"), "badge")
        assert text(client.get("/desk/badge"), "badge").startswith("Search: Search is down; 1 waiting, oldest ")

    def test_a_dead_letter_is_shown(self, client: Client) -> None:
        made = order()
        Entry.objects.update(state="dead", last_error="no number")
        assert "Refused." in client.get(f"/desk/orders/{made.pk}/").content.decode()
        assert text(client.get("/desk/badge"), "badge") == "Search: Search is down; 1 refused"


class TestAddress:
    """What is asked for."""

    def test_a_form_without_javascript_is_sent_to_the_address_to_share(self, client: Client) -> None:
        response = client.get("/?q=+lamp&status=paid&total_min=&total_max=&sort=")
        assert (response.status_code, response["Location"]) == (302, "/?status=paid&q=lamp")

    def test_htmx_is_told_the_address_instead(self, client: Client) -> None:
        headers = {"HX-Request": "true", "HX-Current-URL": "http://testserver/?q=la"}
        typing = client.get("/?q=lamp&total_min=", headers=headers)
        assert (typing["HX-Replace-Url"], "HX-Push-Url" in typing) == ("/?q=lamp", False)
        filtering = client.get("/?q=lamp&status=paid&total_min=", headers=headers)
        assert (filtering["HX-Push-Url"], "HX-Replace-Url" in filtering) == ("/?status=paid&q=lamp", False)
        following = client.get("/?q=lamp", headers=headers | {"HX-Boosted": "true"})
        assert following["HX-Push-Url"] == "/?q=lamp"

    @pytest.mark.parametrize(
        ("query", "problem"),
        [
            ("total_min=cheap", "Amount from: A valid number is required."),
            ("total_min=5&total_max=4", "Amount from: Must not be greater than total_max."),
            ("created_after=yesterday", "Created from: Enter a date such as"),
            ("status=lost", "Status: &quot;lost&quot; is not a valid choice."),
            ("q=*lamp", "Search: This text cannot be searched for."),
            (f"q={'x' * 201}", "Search: Ensure this field has no more than 200 characters."),
            ("cursor=forged", "Next page: This cursor is none of this search"),
        ],
    )
    def test_what_is_wrong_is_said(self, client: Client, query: str, problem: str) -> None:
        response = client.get(f"/?{query}")
        assert (response.status_code, f"<li>{problem}" in response.content.decode()) == (400, True)


class TestOrder:
    """Creating, changing and deleting."""

    def test_created_with_its_lines(self, client: Client) -> None:
        response = client.post("/desk/orders/new?refresh=wait_for", filled(LINE, {}, LINE, note="ring twice"))
        made = Order.objects.get()
        assert (response.status_code, response["Location"]) == (302, f"/desk/orders/{made.pk}/")
        assert (made.total_amount, made.note, made.lines.count()) == (Decimal("38.00"), "ring twice", 2)
        page = client.get(response["Location"]).content.decode()
        assert "Order A-1 is saved." in page
        assert "38.00" in page

    def test_created_without_lines(self, client: Client) -> None:
        client.post("/desk/orders/new", filled({}, total_amount="12.50", currency="CHF"))
        assert Order.objects.values_list("total_amount", "currency").get() == (Decimal("12.50"), "CHF")

    def test_errors_stand_with_their_fields_and_what_was_written_stays(self, client: Client) -> None:
        order()
        bad = {"sku": "", "description": "Chair", "quantity": "0", "unit_price": "dear"}
        response = client.post("/desk/orders/new", filled(LINE, bad, customer_name=" "))
        assert response.status_code == 400
        assert text(response, "id-order_number-error") == "order with this order number already exists."
        assert text(response, "id-customer_name-error") == "This field may not be blank."
        assert text(response, "line-1-sku-error") == "This field may not be blank."
        assert text(response, "line-1-quantity-error") == "Ensure this value is greater than or equal to 1."
        assert text(response, "line-1-unit_price-error") == "A valid number is required."
        page = response.content.decode()
        assert "line-0-sku-error" not in page
        assert 'value="dear" inputmode="decimal" autocomplete="off" aria-invalid="true"' in page
        assert Order.objects.count() == 1

    def test_a_total_is_needed_where_there_are_no_lines(self, client: Client) -> None:
        response = client.post("/desk/orders/new", filled())
        assert (response.status_code, text(response, "id-total_amount-error")) == (400, "This field is required.")

    def test_a_total_that_lines_do_not_come_to(self, client: Client) -> None:
        response = client.post("/desk/orders/new", filled(LINE, total_amount="20"))
        assert text(response, "id-total_amount-error") == "The lines come to 19.00."

    def test_as_many_lines_as_an_order_may_have(self, client: Client) -> None:
        assert client.post("/desk/orders/new", filled(*[LINE] * 500)).status_code == 302
        assert Order.objects.get().lines.count() == 500

    def test_too_many_lines(self, client: Client) -> None:
        response = client.post("/desk/orders/new", filled(*[LINE] * 501))
        assert (response.status_code, "no more than 500 elements" in response.content.decode()) == (400, True)

    def test_a_line_is_added_and_removed_without_saving(self, client: Client) -> None:
        added = client.post("/desk/orders/new", filled(LINE, **{"add-line": "1"})).content.decode()
        assert added.count('<fieldset class="line">') == 2
        assert re.findall(r'id="([^"]+)"[^>]* autofocus', added) == ["line-1-sku"]
        other = {**LINE, "sku": "CHR-2"}
        removed = client.post("/desk/orders/new", filled(LINE, other, **{"remove-line": "0"})).content.decode()
        assert re.findall(r'name="sku" value="([^"]*)"', removed) == ["CHR-2"]
        assert not Order.objects.exists()

    @pytest.mark.parametrize("at", ["9", "-1", "x", "", "²"])
    def test_a_line_that_is_not_there_is_not_removed(self, client: Client, at: str) -> None:
        page = client.post("/desk/orders/new", filled(LINE, **{"remove-line": at})).content.decode()
        assert page.count('<fieldset class="line">') == 1

    @pytest.mark.parametrize(
        ("line", "said"),
        [
            (LINE, "The lines come to 19.00 EUR"),
            ({**LINE, "unit_price": "12,5"}, ""),
            ({**LINE, "quantity": "NaN"}, ""),
            ({**LINE, "quantity": "1e9999999"}, ""),
            ({**LINE, "quantity": "Infinity"}, ""),
            ({}, ""),
        ],
    )
    def test_what_lines_come_to_while_they_are_written(self, client: Client, line: dict[str, str], said: str) -> None:
        response = client.post("/desk/orders/new", filled(line, count="1"))
        assert (response.status_code, text(response, "sum")) == (200, said)

    def test_changed(self, client: Client) -> None:
        made = order()
        page = client.get(f"/desk/orders/{made.pk}/edit").content.decode()
        assert f'name="version" value="{made.version}"' in page
        assert 'name="total_amount" value=""' in page
        data = filled({**LINE, "quantity": "3"}, version=str(made.version), status="paid")
        assert client.post(f"/desk/orders/{made.pk}/edit", data).status_code == 302
        made.refresh_from_db()
        assert (made.total_amount, made.status, made.lines.get().quantity) == (Decimal("28.50"), "paid", 3)

    def test_its_lines_are_taken_away(self, client: Client) -> None:
        made = order()
        data = filled(version=str(made.version), total_amount="5")
        assert client.post(f"/desk/orders/{made.pk}/edit", data).status_code == 302
        made.refresh_from_db()
        assert (made.total_amount, made.lines.count()) == (Decimal(5), 0)

    def test_changed_by_somebody_else_meanwhile(self, client: Client) -> None:
        made = order()
        old = str(made.version)
        Order.objects.filter(pk=made.pk).update(customer_name="Theirs", note="same")
        data = filled({**LINE, "quantity": "3"}, version=old, customer_name="Yours", note="same")
        response = client.post(f"/desk/orders/{made.pk}/edit", data)
        page = response.content.decode()
        assert response.status_code == 409
        assert re.findall(r'<th scope="row">(\w+)</th>', page) == ["Customer", "Lines"]
        assert "<td>Theirs</td><td>Yours</td>" in page
        assert "<td>2 x LMP-1 Lamp at 9.50</td><td>3 x LMP-1 Lamp at 9.50</td>" in page
        made.refresh_from_db()
        assert made.customer_name == "Theirs"
        assert f'name="version" value="{made.version}"' in page
        assert client.post(f"/desk/orders/{made.pk}/edit", data | {"version": str(made.version)}).status_code == 302
        made.refresh_from_db()
        assert made.customer_name == "Yours"

    def test_deleted_by_somebody_else_meanwhile(self, client: Client) -> None:
        made = order()
        Order.objects.all().delete()
        response = client.post(f"/desk/orders/{made.pk}/edit", filled(LINE, note="a long note", version="1"))
        assert (response.status_code, "a long note" in response.content.decode()) == (404, True)
        assert client.post(f"/desk/orders/{made.pk}/delete", {"version": "1"}).status_code == 404
        assert not Order.objects.exists()

    def test_deleted_when_asked_twice(self, client: Client) -> None:
        made = order()
        page = client.get(f"/desk/orders/{made.pk}/delete").content.decode()
        assert ("Delete order A-1?" in page, Order.objects.count()) == (True, 1)
        response = client.post(f"/desk/orders/{made.pk}/delete", {"version": str(made.version)})
        assert (response.status_code, response["Location"], Order.objects.count()) == (302, "/", 0)
        assert "Order A-1 is deleted." in client.get("/").content.decode()

    @pytest.mark.parametrize("version", ["", "1", "x"])
    def test_not_deleted_when_somebody_has_changed_it(self, client: Client, version: str) -> None:
        response = client.post(f"/desk/orders/{order().pk}/delete", {"version": version})
        assert (response.status_code, Order.objects.count()) == (409, 1)

    @pytest.mark.parametrize("path", ["", "edit", "delete"])
    def test_an_order_that_is_not_there(self, client: Client, path: str) -> None:
        response = client.get(f"/desk/orders/4711/{path}")
        assert (response.status_code, response["Content-Type"]) == (404, "text/html; charset=utf-8")
        assert "There is no such page" in response.content.decode()


class TestAccess:
    """Who may, and what a browser may do."""

    PATHS = (
        "/",
        "/desk/suggest",
        "/desk/badge",
        "/desk/orders/new",
        "/desk/orders/1/",
        "/desk/orders/1/edit",
        "/desk/orders/1/delete",
    )

    @pytest.mark.parametrize("path", [*PATHS, "/login", "/desk/nothing"])
    def test_nothing_inline_and_nothing_from_elsewhere(self, client: Client, path: str) -> None:
        response = client.get(path)
        page = response.content.decode()
        assert "default-src 'none'; script-src 'self'; style-src 'self'" in response["Content-Security-Policy"]
        assert response["X-Frame-Options"] == "DENY"
        assert not re.search(r"\sstyle=|\son\w+=|<style|<script(?![^>]* src=\"/static/)|https?://(?!testserver)", page)

    @pytest.mark.parametrize("path", PATHS)
    def test_with_debug_off_the_desk_wants_a_log_in(self, client: Client, settings: Any, path: str) -> None:
        settings.DESK_IS_OPEN = False
        if path == "/desk/badge":  # whoever writes a form must not lose it to the badge
            assert client.get(path, headers={"HX-Request": "true"}).status_code == 401
            return
        asked = client.get(path)
        assert (asked.status_code, asked["Location"]) == (302, f"/login?next={path}")
        part = client.get(path, headers={"HX-Request": "true"})
        assert (part.status_code, part["HX-Redirect"]) == (200, f"/login?next={path}")

    def test_log_in_and_out(self, client: Client, settings: Any) -> None:
        settings.DESK_IS_OPEN = False
        settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # quick
        User.objects.create_user("ann", password="a good one")
        wrong = client.post("/login", {"username": "ann", "password": "bad", "next": "/desk/orders/new"})
        assert "do not go together" in wrong.content.decode()
        right = client.post("/login", {"username": "ann", "password": "a good one", "next": "/desk/orders/new"})
        assert (right.status_code, right["Location"]) == (302, "/desk/orders/new")
        assert "Log out ann" in client.get("/desk/orders/new").content.decode()
        assert client.post("/logout")["Location"] == "/login"
        assert client.get("/").status_code == 302

    def test_no_form_is_taken_from_another_site(self, settings: Any, db: None) -> None:
        settings.DESK_IS_OPEN = True
        client = Client(enforce_csrf_checks=True)
        made = order()
        for path in ("new", f"{made.pk}/edit", f"{made.pk}/delete"):
            assert client.post(f"/desk/orders/{path}", filled(LINE, version=str(made.version))).status_code == 403
        assert Order.objects.count() == 1


@pytest.mark.engine
class TestWithAnEngine:
    """What an index answers."""

    @pytest.fixture
    def indexed(self, indices: Elasticsearch, client: Client) -> Client:
        make_orders(80)
        order(order_number="B&B", customer_name="<i>Zoë</i> Zimmer", note="by <b>Monday</b>")
        populate(OrderDocument, refresh=True)
        Entry.objects.all().delete()
        return client

    def test_a_page_and_the_one_after_it(self, indexed: Client) -> None:
        response = indexed.get("/")
        page = response.content.decode()
        assert (response.status_code, text(response, "count")) == (200, "81 orders")
        assert text(response, "badge") == "Search: In step"
        pages = []
        while found := re.search(r'<a class="button" href="([^"]+)" hx-get', page):
            pages.append(re.findall(r"/desk/orders/\d+/\">([^<]+)<", page))
            page = indexed.get(found[1]).content.decode()
        pages.append(re.findall(r"/desk/orders/\d+/\">([^<]+)<", page))
        assert [len(each) for each in pages] == [30, 30, 21]
        assert len({number for each in pages for number in each}) == 81

    @pytest.mark.real
    def test_typing_leaves_nothing_open_in_the_engine(self, indexed: Client) -> None:
        for text in ("", "d", "d-", "d-1"):
            page = indexed.get("/", {"q": text}, headers={"HX-Request": "true"}).content.decode()
        points_in_time(OrderDocument._index._name, 0)
        more = re.search(r'id="more".*?hx-get="([^"]+)"', page)
        assert more
        indexed.get(unescape(more[1]))
        points_in_time(OrderDocument._index._name, 1)

    def test_marks_are_html_and_all_else_is_text(self, indexed: Client) -> None:
        page = indexed.get("/?q=zo%C3%AB+monday").content.decode()
        assert "&lt;i&gt;<mark>Zoë</mark>&lt;" in page
        assert "by &lt;b&gt;<mark>Monday</mark>&lt;" in page
        assert "<i>" not in page

    def test_the_same_place_is_shown_once(self, indexed: Client) -> None:
        made = Order.objects.annotate(lamps=Count("lines", filter=Q(lines__sku="LMP-100"))).filter(lamps__gt=1).first()
        assert made
        page = indexed.get("/", {"q": "lamp", "customer": made.customer_name}).content.decode()
        row = re.search(rf">{made.order_number}</a>.*?</tr>", page, re.DOTALL)
        assert row
        assert re.findall(r'<span class="about">(.*?)</span>', row[0]) == ["Desk <mark>lamp</mark>, brass"]

    def test_facets_count_and_charts_say_their_currency(self, indexed: Client) -> None:
        everything = indexed.get("/").content.decode()
        assert "<b>Orders by month</b>" in everything
        months = Order.objects.filter(currency="EUR").values(month=TruncMonth("created_at"))
        most = max(month["total"] for month in months.order_by().annotate(total=Sum("total_amount")))
        assert f'<b>EUR by month</b> <span class="muted">most {most:,.0f} EUR<' in everything
        dollars = indexed.get("/?currency=USD")
        assert "<b>USD by month</b>" in dollars.content.decode()
        count = Order.objects.filter(currency="USD").count()
        assert text(dollars, "count") == f"{count} orders found"
        assert re.search(rf'value="USD" checked.*?class="number">{count}<', dollars.content.decode())

    def test_heads_sort_and_say_how(self, indexed: Client) -> None:
        page = indexed.get("/?q=lamp&sort=-total").content.decode()
        assert re.findall(r'class="(\w+)" aria-sort="(\w+)"', page) == [("total", "descending")]
        assert 'id="by-total" href="/?q=lamp&amp;sort=total"' in page
        assert 'id="by-customer" href="/?q=lamp&amp;sort=customer"' in page

    @pytest.mark.parametrize(
        ("typed", "completed"),
        [
            ("feath", ["Featherstone & Sons"]),
            ("jose", ["José García"]),
            ("lmp-10", ["LMP-100"]),
            ("LMP-100", []),
            ("xyzzy", []),
            ("*", []),
            ("x" * 201, []),
            ("", []),
        ],
    )
    def test_what_is_typed_is_completed(self, indexed: Client, typed: str, completed: list[str]) -> None:
        options = indexed.get("/desk/suggest", {"q": typed}).content.decode()
        assert re.findall(r'<option value="([^"]*)"></option>', options) == [escape(text) for text in completed]

    def test_did_you_mean(self, indexed: Client) -> None:
        page = indexed.get("/?q=lammp").content.decode()
        assert re.search(r'id="did-you-mean" href="/\?q=lamp">lamp</a>', page)

    def test_nothing_found(self, indexed: Client) -> None:
        response = indexed.get("/?q=xyzzy&status=paid")
        assert (response.status_code, text(response, "count")) == (200, "No orders found")
        assert "without filters</a>" in response.content.decode()

    def test_what_was_saved_is_found(self, indexed: Client) -> None:
        made = Order.objects.get(order_number="B&B")
        data = filled(LINE, order_number="B&B", version=str(made.version), customer_name="Quentin Quark")
        saved = indexed.post(f"/desk/orders/{made.pk}/edit?refresh=wait_for", data)
        assert saved["X-Search-Status"] == "indexed"
        # The entry is removed a moment after the answer.
        wait_until(lambda: "Found as it is." in indexed.get(saved["Location"]).content.decode())
        assert text(indexed.get("/?q=quentin"), "count") == "1 order found"
