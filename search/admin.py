"""The outbox, the indices and the relays in the admin. All are read-only; dead letters can be replayed or discarded."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db import DEFAULT_DB_ALIAS
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from .exceptions import NotADeadLetter
from .mapping.registry import documents
from .models import Entry, Index, RelayProcess
from .outbox import dead_letters


class ReadOnlyAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Admin of rows that only search itself writes."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class DocumentFilter(admin.SimpleListFilter):
    """Filter entries by the model of their document."""

    title = "document"
    parameter_name = "document"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        labels = sorted({document.django.model._meta.label for document in documents()})
        return [(label, label) for label in labels]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(key__startswith=f"{self.value()}:") if self.value() else queryset


@admin.register(Entry)
class EntryAdmin(ReadOnlyAdmin):
    """The outbox. Each action on dead letters needs a permission of its own."""

    list_display = ("key", "state", "version", "deleted", "first_changed_at", "retry_at", "attempts", "last_error")
    list_filter = ("state", DocumentFilter)
    search_fields = ("key__exact",)
    ordering = ("retry_at",)
    show_full_result_count = False
    actions = ("replay", "discard")
    max_selected = 500  # dead letters in one action

    def has_replay_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(f"{Entry._meta.app_label}.replay_entry")

    def has_discard_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(f"{Entry._meta.app_label}.discard_entry")

    @admin.action(permissions=["replay"], description="Replay the selected dead letters")
    def replay(self, request: HttpRequest, queryset: QuerySet[Entry]) -> None:
        if keys := self.dead_keys(request, queryset):
            self.apply(request, dead_letters.replay, keys, "to be pushed again")

    @admin.action(permissions=["discard"], description="Discard the selected dead letters")
    def discard(self, request: HttpRequest, queryset: QuerySet[Entry]) -> HttpResponse | None:
        keys = self.dead_keys(request, queryset)
        if not keys:
            return None
        if request.POST.get("confirmed"):
            self.apply(request, dead_letters.discard, keys, "discarded")
            return None
        return self.confirmation(request, Entry.objects.dead().filter(key__in=keys).order_by("key"))

    def dead_keys(self, request: HttpRequest, queryset: QuerySet[Entry]) -> list[str]:
        """Return the keys of the selected dead letters, or none and a message if the selection cannot be used."""
        if not_dead := queryset.exclude(pk__in=Entry.objects.dead()).count():
            self.message_user(request, f"{not_dead} of the selected entries are not dead letters.", messages.ERROR)
            return []
        keys = list(queryset.values_list("key", flat=True)[: self.max_selected + 1])
        if len(keys) > self.max_selected:
            text = f"Select at most {self.max_selected} entries, or use manage.py search_dead_letters with --all."
            self.message_user(request, text, messages.ERROR)
            return []
        return keys

    def apply(self, request: HttpRequest, action: Callable[[list[str], str], int], keys: list[str], done: str) -> None:
        try:
            self.message_user(request, f"{action(keys, DEFAULT_DB_ALIAS)} {done}.", messages.SUCCESS)
        except NotADeadLetter as error:
            self.message_user(request, str(error), messages.ERROR)

    def confirmation(self, request: HttpRequest, entries: QuerySet[Entry]) -> HttpResponse:
        context = self.admin_site.each_context(request) | {
            "title": "Discard dead letters",
            "opts": self.opts,
            "entries": entries,
            "checkbox": ACTION_CHECKBOX_NAME,
        }
        return TemplateResponse(request, "admin/search/entry/discard_confirmation.html", context)


@admin.register(Index)
class IndexAdmin(ReadOnlyAdmin):
    """The indices and their states."""

    list_display = ("name", "alias", "state", "fingerprint", "created_at", "changed_at", "verified_at")
    list_filter = ("state", "alias")


@admin.register(RelayProcess)
class RelayProcessAdmin(ReadOnlyAdmin):
    """The running relays."""

    list_display = ("name", "started_at", "heartbeat_at")
