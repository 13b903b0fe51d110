"""The views of the desk: search, one order, and the forms to create, change and delete it."""

from django.contrib import messages
from django.contrib.auth.views import LoginView
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render

from desk.base import DeskView, SecureView, add_security_headers, is_htmx
from desk.forms import OrderChanged, OrderForm, lock_unchanged
from desk.results import completions, search_page
from desk.search_params import SearchParams
from order_search.views import RETRY_AFTER
from orders.models import Order
from orders.retry import retry_on_conflict
from search.row_status import row_status


class Login(SecureView, LoginView):
    """GET, POST /login."""

    template_name = "desk/login.html"
    redirect_authenticated_user = True


class Search(DeskView):
    """GET /: search orders. The response is always the whole page; htmx takes parts of it."""

    def get(self, request: HttpRequest) -> HttpResponse:
        params = SearchParams.from_query(request.GET)
        if dict(request.GET.lists()) != params.query and not is_htmx(request):
            return redirect(str(params))
        result = search_page(params)
        response = self.page("search", result.status, result=result, params=params)
        if result.status == 503:
            response["Retry-After"] = str(RETRY_AFTER)
        if is_htmx(request) and not params.get("cursor"):
            # While the user types, the browser's history keeps the last text only.
            is_link = "HX-Boosted" in request.headers
            is_typing = not is_link and params.continues_typing(request.headers.get("HX-Current-URL", ""))
            response["HX-Replace-Url" if is_typing else "HX-Push-Url"] = str(params)
        return response


class Suggestions(DeskView):
    """GET /desk/suggest?q=: completions of the text in the search box."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return render(request, "desk/suggestions.html", {"texts": completions(request.GET)})


class BadgeView(DeskView):
    """GET /desk/badge: the badge alone, which every page refreshes."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.page("badge")

    def login_required(self, request: HttpRequest) -> HttpResponseBase:
        return HttpResponse(status=401)  # a redirect would discard a form that is being filled in


class OrderPage(DeskView):
    """GET /desk/orders/<id>/: an order, its lines, and whether search is up to date with it."""

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        order = get_object_or_404(Order.objects.prefetch_related("lines"), pk=pk)
        return self.page("order", order=order, standing=row_status(Order, pk))


class OrderCreate(DeskView):
    """GET, POST /desk/orders/new."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.page("form", form=OrderForm.for_new_order(), focus="first")

    def post(self, request: HttpRequest) -> HttpResponse:
        form = OrderForm.from_post(request.POST)
        if button := form_button(request):
            return self.page("form", form=form, focus=button)
        if order := form.save():
            return redirect_to_order(request, order)
        return self.page("form", 400, form=form)


class OrderEdit(DeskView):
    """GET, POST /desk/orders/<id>/edit."""

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        order = get_object_or_404(Order, pk=pk)
        return self.page("form", form=OrderForm.from_order(order), order=order)

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        form = OrderForm.from_post(request.POST)
        if button := form_button(request):
            return self.page("form", form=form, order=get_object_or_404(Order, pk=pk), focus=button)
        try:
            order = form.save(pk)
        except OrderChanged as error:
            return self.conflict(form, error.order)
        except Order.DoesNotExist:
            return self.page("gone", 404, form=form)
        if order:
            return redirect_to_order(request, order)
        return self.page("form", 400, form=form, order=get_object_or_404(Order, pk=pk))

    def conflict(self, form: OrderForm, order: Order) -> HttpResponse:
        """Show both versions. The form gets the current version, so that saving it again overwrites the order."""
        form.version = str(order.version)
        return self.page("form", 409, form=form, order=order, differences=form.differences(order), is_changed=True)


class OrderDelete(DeskView):
    """GET, POST /desk/orders/<id>/delete: GET asks for confirmation."""

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        return self.page("delete", order=get_object_or_404(Order, pk=pk))

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        try:
            number = delete_order(pk, request.POST.get("version", ""))
        except OrderChanged as error:
            return self.page("delete", 409, order=error.order, is_changed=True)
        except Order.DoesNotExist:
            return self.page("gone", 404)
        messages.success(request, f"Order {number} has been deleted.")
        return redirect("desk")


@retry_on_conflict
def delete_order(pk: int, version: str) -> str:
    """Delete the order if it has this version; return its number."""
    with transaction.atomic():
        order = lock_unchanged(pk, version)
        order.delete()
    return order.order_number


def form_button(request: HttpRequest) -> str:
    """Return which button changes the form without saving it. `count` is htmx asking for the total of the lines."""
    return next((name for name in ("add-line", "remove-line", "count") if name in request.POST), "")


def redirect_to_order(request: HttpRequest, order: Order) -> HttpResponse:
    messages.success(request, f"Order {order.order_number} has been saved.")
    return redirect("desk-order", pk=order.pk)


def bad_request(request: HttpRequest) -> HttpResponse:
    text = "The form is larger than an order can be. Nothing has been saved."
    return error_page(request, 400, "The form could not be read", text)


def not_found(request: HttpRequest) -> HttpResponse:
    return error_page(request, 404, "Page not found", "It may have been deleted, or the address may be wrong.")


def server_error(request: HttpRequest) -> HttpResponse:
    text = "The error has been logged. Please try again."
    return error_page(request, 500, "Something went wrong", text)


def error_page(request: HttpRequest, status: int, title: str, text: str) -> HttpResponse:
    """Render an error without the badge, whose queries might be what failed."""
    response = render(request, "desk/error.html", {"title": title, "text": text}, status=status)
    return add_security_headers(response)
