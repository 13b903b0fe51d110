"""The pages of the desk."""

from django.contrib import messages
from django.contrib.auth.views import LoginView
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render

from desk.base import DeskView, Guarded, guarded, is_part
from desk.forms import OrderChanged, OrderForm, unchanged
from desk.results import completions, search_page
from desk.search_params import SearchParams
from order_search.views import RETRY_AFTER
from orders.models import Order
from orders.retry import retried
from search.row_status import explain


class Login(Guarded, LoginView):
    """GET, POST /login."""

    template_name = "desk/login.html"
    redirect_authenticated_user = True


class Search(DeskView):
    """GET /: the search. One address has one answer, a whole page, of which htmx takes parts."""

    def get(self, request: HttpRequest) -> HttpResponse:
        params = SearchParams.from_query(request.GET)
        if dict(request.GET.lists()) != params.query and not is_part(request):
            return redirect(str(params))
        result = search_page(params)
        response = self.page("search", result.status, result=result, params=params)
        if result.status == 503:
            response["Retry-After"] = str(RETRY_AFTER)
        if is_part(request) and not params.get("cursor"):
            # While somebody types, the text replaces its own beginning in the browser's history.
            is_link = "HX-Boosted" in request.headers
            is_typing = not is_link and params.continues_typing(request.headers.get("HX-Current-URL", ""))
            response["HX-Replace-Url" if is_typing else "HX-Push-Url"] = str(params)
        return response


class Suggestions(DeskView):
    """GET /desk/suggest?q=: what the text in the search box may become."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return render(request, "desk/suggestions.html", {"texts": completions(request.GET)})


class BadgeView(DeskView):
    """GET /desk/badge: how far the index is behind, now."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.page("badge")

    def to_login(self, request: HttpRequest) -> HttpResponseBase:
        """A form that is being filled in must not vanish for its badge."""
        return HttpResponse(status=401)


class OrderPage(DeskView):
    """GET /desk/orders/<id>/: an order, its lines, and where it stands in search."""

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        order = get_object_or_404(Order.objects.prefetch_related("lines"), pk=pk)
        return self.page("order", order=order, standing=explain(Order, pk))


class OrderCreate(DeskView):
    """/desk/orders/new."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.page("form", form=OrderForm.blank(), focus="first")

    def post(self, request: HttpRequest) -> HttpResponse:
        form = OrderForm.posted(request.POST)
        if button := pressed(request):
            return self.page("form", form=form, focus=button)
        return saved(request, order) if (order := form.save()) else self.page("form", 400, form=form)


class OrderEdit(DeskView):
    """/desk/orders/<id>/edit."""

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        order = get_object_or_404(Order, pk=pk)
        return self.page("form", form=OrderForm.of(order), order=order)

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        form = OrderForm.posted(request.POST)
        if button := pressed(request):
            return self.page("form", form=form, order=get_object_or_404(Order, pk=pk), focus=button)
        try:
            order = form.save(pk)
        except OrderChanged as error:
            return self.changed(form, error.order)
        except Order.DoesNotExist:
            return self.page("gone", 404, form=form)
        if order:
            return saved(request, order)
        return self.page("form", 400, form=form, order=get_object_or_404(Order, pk=pk))

    def changed(self, form: OrderForm, order: Order) -> HttpResponse:
        """409: both versions. Saving again is then meant."""
        form.version = str(order.version)
        return self.page("form", 409, form=form, order=order, differences=form.differences(order), is_changed=True)


class OrderDelete(DeskView):
    """/desk/orders/<id>/delete: asks first."""

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        return self.page("delete", order=get_object_or_404(Order, pk=pk))

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        try:
            number = delete(pk, request.POST.get("version", ""))
        except OrderChanged as error:
            return self.page("delete", 409, order=error.order, is_changed=True)
        except Order.DoesNotExist:
            return self.page("gone", 404)
        messages.success(request, f"Order {number} is deleted.")
        return redirect("desk")


@retried
def delete(pk: int, version: str) -> str:
    """Delete an order that nobody has changed; its number."""
    with transaction.atomic():
        order = unchanged(pk, version)
        order.delete()
    return order.order_number


def pressed(request: HttpRequest) -> str:
    """The button that changes the form itself: nothing is to be saved yet. `count` is no button, but asks for sums."""
    return next((name for name in ("add-line", "remove-line", "count") if name in request.POST), "")


def saved(request: HttpRequest, order: Order) -> HttpResponse:
    """To the order's page."""
    messages.success(request, f"Order {order.order_number} is saved.")
    return redirect("desk-order", pk=order.pk)


def bad_request(request: HttpRequest) -> HttpResponse:
    """400 for people."""
    return error(
        request, 400, "This cannot be read", "The form is larger than an order can be. Nothing has been saved."
    )


def not_found(request: HttpRequest) -> HttpResponse:
    """404 for people."""
    return error(request, 404, "There is no such page", "It may have been deleted, or the address is not quite right.")


def server_error(request: HttpRequest) -> HttpResponse:
    """500 for people."""
    return error(request, 500, "Something went wrong", "It is not your doing, and it has been written down. Try again.")


def error(request: HttpRequest, status: int, title: str, text: str) -> HttpResponse:
    """A page that asks nobody for anything: what failed may be the database."""
    return guarded(render(request, "desk/error.html", {"title": title, "text": text}, status=status))
