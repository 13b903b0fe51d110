"""The pages as a browser without JavaScript gets them. Only the last class has an engine."""

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


def create_order(**values: Any) -> Order:
    """Create an order with one line."""
    order = Order.objects.create(**{"order_number": "A-1", "customer_name": "Ann", "total_amount": 19} | values)
    OrderLine.objects.create(order=order, position=1, sku="LMP-1", description="Lamp", quantity=2, unit_price="9.50")
    order.refresh_from_db()
    return order


def form_data(*lines: dict[str, str], **values: str) -> dict[str, Any]:
    """Return what a browser sends for the form of an order."""
    columns = {name: [line.get(name, "") for line in lines] for name in LINE}
    defaults = {"order_number": "A-1", "customer_name": "Ann", "status": "placed", "currency": "EUR"}
    return {**defaults, "total_amount": "", "note": "", "version": "", **columns, **values}


def text(response: Any, element: str) -> str:
    """Return the text of the element with this id, without tags."""
    page = response.content.decode()
    [_, rest] = re.split(rf'<\w+[^>]* id="{element}"[^>]*>', page)
    return " ".join(re.sub(r"<[^>]*>", " ", re.split(r"</(?:section|div|p|fieldset|a|ul)>", rest)[0]).split())


class TestWithoutAnEngine:
    """Search is down: the page says so, and shows orders from the database."""

    @pytest.fixture(autouse=True)
    def _engine_is_down(self) -> Iterator[None]:
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
        assert text(response, "badge").startswith("Search: Search is down; 40 pending, oldest ")

    def test_an_order_is_found_by_its_whole_number(self, client: Client) -> None:
        make_orders(3)
        page = client.get("/?q=D-1002").content.decode()
        assert re.findall(r"/desk/orders/\d+/\">([^<]+)<", page) == ["D-1002"]

    def test_text_of_orders_is_escaped(self, client: Client) -> None:
        create_order(customer_name="<script>alert(1)</script>", order_number="<b>")
        page = client.get("/").content.decode()
        assert "&lt;script&gt;alert(1)" in page
        assert "<script>alert" not in page
        assert "<b></a>" not in page

    @pytest.mark.parametrize("sort", [f"{dash}{name}" for name in COLUMNS if name for dash in ("", "-")])
    def test_every_sort_order_of_the_table_is_an_option(self, client: Client, sort: str) -> None:
        assert re.search(rf'<option value="{sort}" selected>', client.get(f"/?sort={sort}").content.decode())

    def test_no_completions(self, client: Client) -> None:
        create_order()
        response = client.get("/desk/suggest?q=ann")
        assert (response.status_code, response.content.strip()) == (200, b"")

    def test_no_orders_at_all(self, client: Client) -> None:
        assert "There are no orders to show." in client.get("/").content.decode()

    def test_the_next_page_shows_its_error(self, client: Client) -> None:
        make_orders(1)
        response = client.get("/?cursor=x", headers={"HX-Request": "true"})
        assert (response.status_code, "D-1001" in response.content.decode()) == (400, False)
        assert "This list cannot be continued." in response.content.decode()

    def test_a_pending_order(self, client: Client) -> None:
        page = client.get(f"/desk/orders/{create_order().pk}/")
        assert text(page, "standing").startswith("In search Pending. Search may still show an older version")
        assert "2 pending" not in text(client.get("/desk/badge"), "badge")
        assert text(client.get("/desk/badge"), "badge").startswith("Search: Search is down; 1 pending, oldest ")

    def test_a_dead_letter(self, client: Client) -> None:
        order = create_order()
        Entry.objects.update(state="dead", last_error="no number")
        assert "Refused." in client.get(f"/desk/orders/{order.pk}/").content.decode()
        assert text(client.get("/desk/badge"), "badge") == "Search: Search is down; 1 refused"


class TestAddress:
    """The parameters of a search in the URL."""

    def test_a_form_without_javascript_is_redirected_to_its_canonical_url(self, client: Client) -> None:
        response = client.get("/?q=+lamp&status=paid&total_min=&total_max=&sort=")
        assert (response.status_code, response["Location"]) == (302, "/?status=paid&q=lamp")

    def test_htmx_gets_the_canonical_url_in_a_header(self, client: Client) -> None:
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
            ("q=*lamp", "Search: The text cannot be searched."),
            (f"q={'x' * 201}", "Search: Ensure this field has no more than 200 characters."),
            ("cursor=forged", "Next page: The cursor does not belong to this search"),
        ],
    )
    def test_invalid_parameters(self, client: Client, query: str, problem: str) -> None:
        response = client.get(f"/?{query}")
        assert (response.status_code, f"<li>{problem}" in response.content.decode()) == (400, True)


class TestOrder:
    """Creating, changing and deleting an order."""

    def test_created_with_its_lines(self, client: Client) -> None:
        response = client.post("/desk/orders/new?refresh=wait_for", form_data(LINE, {}, LINE, note="ring twice"))
        order = Order.objects.get()
        assert (response.status_code, response["Location"]) == (302, f"/desk/orders/{order.pk}/")
        assert (order.total_amount, order.note, order.lines.count()) == (Decimal("38.00"), "ring twice", 2)
        page = client.get(response["Location"]).content.decode()
        assert "Order A-1 has been saved." in page
        assert "38.00" in page

    def test_created_without_lines(self, client: Client) -> None:
        client.post("/desk/orders/new", form_data({}, total_amount="12.50", currency="CHF"))
        assert Order.objects.values_list("total_amount", "currency").get() == (Decimal("12.50"), "CHF")

    def test_errors_are_shown_at_their_fields_with_the_refused_values(self, client: Client) -> None:
        create_order()
        bad = {"sku": "", "description": "Chair", "quantity": "0", "unit_price": "dear"}
        response = client.post("/desk/orders/new", form_data(LINE, bad, customer_name=" "))
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

    def test_without_lines_a_total_is_required(self, client: Client) -> None:
        response = client.post("/desk/orders/new", form_data())
        assert (response.status_code, text(response, "id-total_amount-error")) == (400, "This field is required.")

    def test_a_total_that_does_not_agree_with_the_lines(self, client: Client) -> None:
        response = client.post("/desk/orders/new", form_data(LINE, total_amount="20"))
        assert text(response, "id-total_amount-error") == "The lines add up to 19.00."

    def test_the_maximum_of_lines(self, client: Client) -> None:
        assert client.post("/desk/orders/new", form_data(*[LINE] * 500)).status_code == 302
        assert Order.objects.get().lines.count() == 500

    def test_too_many_lines(self, client: Client) -> None:
        response = client.post("/desk/orders/new", form_data(*[LINE] * 501))
        assert (response.status_code, "no more than 500 elements" in response.content.decode()) == (400, True)

    def test_a_line_is_added_and_removed_without_saving(self, client: Client) -> None:
        added = client.post("/desk/orders/new", form_data(LINE, **{"add-line": "1"})).content.decode()
        assert added.count('<fieldset class="line">') == 2
        assert re.findall(r'id="([^"]+)"[^>]* autofocus', added) == ["line-1-sku"]
        other = {**LINE, "sku": "CHR-2"}
        removed = client.post("/desk/orders/new", form_data(LINE, other, **{"remove-line": "0"})).content.decode()
        assert re.findall(r'name="sku" value="([^"]*)"', removed) == ["CHR-2"]
        assert not Order.objects.exists()

    @pytest.mark.parametrize("at", ["9", "-1", "x", "", "²"])
    def test_an_unknown_line_is_not_removed(self, client: Client, at: str) -> None:
        page = client.post("/desk/orders/new", form_data(LINE, **{"remove-line": at})).content.decode()
        assert page.count('<fieldset class="line">') == 1

    @pytest.mark.parametrize(
        ("line", "expected"),
        [
            (LINE, "The lines add up to 19.00 EUR"),
            ({**LINE, "unit_price": "12,5"}, ""),
            ({**LINE, "quantity": "NaN"}, ""),
            ({**LINE, "quantity": "1e9999999"}, ""),
            ({**LINE, "quantity": "Infinity"}, ""),
            ({}, ""),
        ],
    )
    def test_the_total_of_the_lines_is_shown(self, client: Client, line: dict[str, str], expected: str) -> None:
        response = client.post("/desk/orders/new", form_data(line, count="1"))
        assert (response.status_code, text(response, "sum")) == (200, expected)

    def test_changed(self, client: Client) -> None:
        order = create_order()
        page = client.get(f"/desk/orders/{order.pk}/edit").content.decode()
        assert f'name="version" value="{order.version}"' in page
        assert 'name="total_amount" value=""' in page
        data = form_data({**LINE, "quantity": "3"}, version=str(order.version), status="paid")
        assert client.post(f"/desk/orders/{order.pk}/edit", data).status_code == 302
        order.refresh_from_db()
        assert (order.total_amount, order.status, order.lines.get().quantity) == (Decimal("28.50"), "paid", 3)

    def test_its_lines_are_removed(self, client: Client) -> None:
        order = create_order()
        data = form_data(version=str(order.version), total_amount="5")
        assert client.post(f"/desk/orders/{order.pk}/edit", data).status_code == 302
        order.refresh_from_db()
        assert (order.total_amount, order.lines.count()) == (Decimal(5), 0)

    def test_a_conflicting_change(self, client: Client) -> None:
        order = create_order()
        old = str(order.version)
        Order.objects.filter(pk=order.pk).update(customer_name="Theirs", note="same")
        data = form_data({**LINE, "quantity": "3"}, version=old, customer_name="Yours", note="same")
        response = client.post(f"/desk/orders/{order.pk}/edit", data)
        page = response.content.decode()
        assert response.status_code == 409
        assert re.findall(r'<th scope="row">(\w+)</th>', page) == ["Customer", "Lines"]
        assert "<td>Theirs</td><td>Yours</td>" in page
        assert "<td>2 x LMP-1 Lamp at 9.50</td><td>3 x LMP-1 Lamp at 9.50</td>" in page
        order.refresh_from_db()
        assert order.customer_name == "Theirs"
        assert f'name="version" value="{order.version}"' in page
        assert client.post(f"/desk/orders/{order.pk}/edit", data | {"version": str(order.version)}).status_code == 302
        order.refresh_from_db()
        assert order.customer_name == "Yours"

    def test_changing_a_deleted_order(self, client: Client) -> None:
        order = create_order()
        Order.objects.all().delete()
        response = client.post(f"/desk/orders/{order.pk}/edit", form_data(LINE, note="a long note", version="1"))
        assert (response.status_code, "a long note" in response.content.decode()) == (404, True)
        assert client.post(f"/desk/orders/{order.pk}/delete", {"version": "1"}).status_code == 404
        assert not Order.objects.exists()

    def test_deleted_after_confirmation(self, client: Client) -> None:
        order = create_order()
        page = client.get(f"/desk/orders/{order.pk}/delete").content.decode()
        assert ("Delete order A-1?" in page, Order.objects.count()) == (True, 1)
        response = client.post(f"/desk/orders/{order.pk}/delete", {"version": str(order.version)})
        assert (response.status_code, response["Location"], Order.objects.count()) == (302, "/", 0)
        assert "Order A-1 has been deleted." in client.get("/").content.decode()

    @pytest.mark.parametrize("version", ["", "1", "x"])
    def test_a_changed_order_is_not_deleted(self, client: Client, version: str) -> None:
        response = client.post(f"/desk/orders/{create_order().pk}/delete", {"version": version})
        assert (response.status_code, Order.objects.count()) == (409, 1)

    @pytest.mark.parametrize("path", ["", "edit", "delete"])
    def test_an_unknown_order(self, client: Client, path: str) -> None:
        response = client.get(f"/desk/orders/4711/{path}")
        assert (response.status_code, response["Content-Type"]) == (404, "text/html; charset=utf-8")
        assert "Page not found" in response.content.decode()


class TestAccess:
    """Login, and what a browser may load."""

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
    def test_nothing_inline_and_nothing_from_other_hosts(self, client: Client, path: str) -> None:
        response = client.get(path)
        page = response.content.decode()
        assert "default-src 'none'; script-src 'self'; style-src 'self'" in response["Content-Security-Policy"]
        assert response["X-Frame-Options"] == "DENY"
        assert not re.search(r"\sstyle=|\son\w+=|<style|<script(?![^>]* src=\"/static/)|https?://(?!testserver)", page)

    @pytest.mark.parametrize("path", PATHS)
    def test_without_debug_the_desk_needs_a_login(self, client: Client, settings: Any, path: str) -> None:
        settings.DESK_IS_OPEN = False
        if path == "/desk/badge":  # a redirect would discard a form that is being filled in
            assert client.get(path, headers={"HX-Request": "true"}).status_code == 401
            return
        response = client.get(path)
        assert (response.status_code, response["Location"]) == (302, f"/login?next={path}")
        part = client.get(path, headers={"HX-Request": "true"})
        assert (part.status_code, part["HX-Redirect"]) == (200, f"/login?next={path}")

    def test_log_in_and_out(self, client: Client, settings: Any) -> None:
        settings.DESK_IS_OPEN = False
        settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # fast
        User.objects.create_user("ann", password="a good one")
        wrong = client.post("/login", {"username": "ann", "password": "bad", "next": "/desk/orders/new"})
        assert "user name or password is wrong" in wrong.content.decode()
        right = client.post("/login", {"username": "ann", "password": "a good one", "next": "/desk/orders/new"})
        assert (right.status_code, right["Location"]) == (302, "/desk/orders/new")
        assert "Log out ann" in client.get("/desk/orders/new").content.decode()
        assert client.post("/logout")["Location"] == "/login"
        assert client.get("/").status_code == 302

    def test_forms_need_the_csrf_token(self, settings: Any, db: None) -> None:
        settings.DESK_IS_OPEN = True
        client = Client(enforce_csrf_checks=True)
        order = create_order()
        for path in ("new", f"{order.pk}/edit", f"{order.pk}/delete"):
            assert client.post(f"/desk/orders/{path}", form_data(LINE, version=str(order.version))).status_code == 403
        assert Order.objects.count() == 1


@pytest.mark.engine
class TestWithAnEngine:
    """With an index."""

    @pytest.fixture
    def indexed(self, indices: Elasticsearch, client: Client) -> Client:
        make_orders(80)
        create_order(order_number="B&B", customer_name="<i>Zoë</i> Zimmer", note="by <b>Monday</b>")
        populate(OrderDocument, refresh=True)
        Entry.objects.all().delete()
        return client

    def test_a_page_and_the_one_after_it(self, indexed: Client) -> None:
        response = indexed.get("/")
        page = response.content.decode()
        assert (response.status_code, text(response, "count")) == (200, "81 orders")
        assert text(response, "badge") == "Search: Up to date"
        pages = []
        while link := re.search(r'<a class="button" href="([^"]+)" hx-get', page):
            pages.append(re.findall(r"/desk/orders/\d+/\">([^<]+)<", page))
            page = indexed.get(link[1]).content.decode()
        pages.append(re.findall(r"/desk/orders/\d+/\">([^<]+)<", page))
        assert [len(numbers) for numbers in pages] == [30, 30, 21]
        assert len({number for numbers in pages for number in numbers}) == 81

    @pytest.mark.real
    def test_typing_opens_no_point_in_time(self, indexed: Client) -> None:
        for text in ("", "d", "d-", "d-1"):
            page = indexed.get("/", {"q": text}, headers={"HX-Request": "true"}).content.decode()
        points_in_time(OrderDocument._index._name, 0)
        more = re.search(r'id="more".*?hx-get="([^"]+)"', page)
        assert more
        indexed.get(unescape(more[1]))
        points_in_time(OrderDocument._index._name, 1)

    def test_marks_are_html_and_text_is_escaped(self, indexed: Client) -> None:
        page = indexed.get("/?q=zo%C3%AB+monday").content.decode()
        assert "&lt;i&gt;<mark>Zoë</mark>&lt;" in page
        assert "by &lt;b&gt;<mark>Monday</mark>&lt;" in page
        assert "<i>" not in page

    def test_equal_fragments_are_shown_once(self, indexed: Client) -> None:
        order = Order.objects.annotate(lamps=Count("lines", filter=Q(lines__sku="LMP-100"))).filter(lamps__gt=1).first()
        assert order
        page = indexed.get("/", {"q": "lamp", "customer": order.customer_name}).content.decode()
        row = re.search(rf">{order.order_number}</a>.*?</tr>", page, re.DOTALL)
        assert row
        assert re.findall(r'<span class="about">(.*?)</span>', row[0]) == ["Desk <mark>lamp</mark>, brass"]

    def test_facets_have_counts_and_charts_a_currency(self, indexed: Client) -> None:
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

    def test_column_heads_sort(self, indexed: Client) -> None:
        page = indexed.get("/?q=lamp&sort=-total").content.decode()
        assert re.findall(r'class="(\w+)" aria-sort="(\w+)"', page) == [("total", "descending")]
        assert 'id="by-total" href="/?q=lamp&amp;sort=total"' in page
        assert 'id="by-customer" href="/?q=lamp&amp;sort=customer"' in page

    @pytest.mark.parametrize(
        ("typed", "completions"),
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
    def test_completions(self, indexed: Client, typed: str, completions: list[str]) -> None:
        options = indexed.get("/desk/suggest", {"q": typed}).content.decode()
        assert re.findall(r'<option value="([^"]*)"></option>', options) == [escape(text) for text in completions]

    def test_did_you_mean(self, indexed: Client) -> None:
        page = indexed.get("/?q=lammp").content.decode()
        assert re.search(r'id="did-you-mean" href="/\?q=lamp">lamp</a>', page)

    def test_nothing_found(self, indexed: Client) -> None:
        response = indexed.get("/?q=xyzzy&status=paid")
        assert (response.status_code, text(response, "count")) == (200, "No orders found")
        assert "without filters</a>" in response.content.decode()

    def test_a_saved_order_is_found(self, indexed: Client) -> None:
        order = Order.objects.get(order_number="B&B")
        data = form_data(LINE, order_number="B&B", version=str(order.version), customer_name="Quentin Quark")
        saved = indexed.post(f"/desk/orders/{order.pk}/edit?refresh=wait_for", data)
        assert saved["X-Search-Status"] == "indexed"
        # The sender removes the entry after the response.
        wait_until(lambda: "Up to date." in indexed.get(saved["Location"]).content.decode())
        assert text(indexed.get("/?q=quentin"), "count") == "1 order found"
