"""The outbox, the indices and the relays in the admin: to look at, and to replay or discard dead letters."""

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

MOST = 500  # dead letters that one confirmation lists


class ReadOnlyAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """What the machine writes, nobody edits by hand."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class DocumentFilter(admin.SimpleListFilter):
    """Entries of one model's document."""

    title = "document"
    parameter_name = "document"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        labels = sorted({document.django.model._meta.label for document in documents()})
        return [(label, label) for label in labels]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(key__startswith=f"{self.value()}:") if self.value() else queryset


@admin.register(Entry)
class EntryAdmin(ReadOnlyAdmin):
    """The outbox. Only its dead letters can be acted on, each way by a permission of its own."""

    list_display = ("key", "state", "version", "deleted", "first_changed_at", "retry_at", "attempts", "last_error")
    list_filter = ("state", DocumentFilter)
    search_fields = ("key__exact",)
    ordering = ("retry_at",)
    show_full_result_count = False
    actions = ("replay", "discard")

    def has_replay_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("search.replay_entry")

    def has_discard_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("search.discard_entry")

    @admin.action(permissions=["replay"], description="Replay the selected dead letters")
    def replay(self, request: HttpRequest, queryset: QuerySet[Entry]) -> None:
        """Let them be pushed again."""
        if keys := self.dead(request, queryset):
            self.act(request, dead_letters.replay, keys, "to be pushed again")

    @admin.action(permissions=["discard"], description="Discard the selected dead letters")
    def discard(self, request: HttpRequest, queryset: QuerySet[Entry]) -> HttpResponse | None:
        """Forget them, once that is confirmed."""
        keys = self.dead(request, queryset)
        if not keys:
            return None
        if request.POST.get("confirmed"):
            self.act(request, dead_letters.discard, keys, "discarded")
            return None
        return self.confirmation(request, Entry.objects.dead().filter(key__in=keys).order_by("key"))

    def dead(self, request: HttpRequest, queryset: QuerySet[Entry]) -> list[str]:
        """The keys of the selected dead letters; none, with a message, where something else is selected too."""
        if others := queryset.exclude(pk__in=Entry.objects.dead()).count():
            self.message_user(request, f"{others} of the selected are no dead letters.", messages.ERROR)
            return []
        keys = list(queryset.values_list("key", flat=True)[: MOST + 1])
        if len(keys) > MOST:
            text = f"More than {MOST} at once: use manage.py search_dead_letters with --all."
            self.message_user(request, text, messages.ERROR)
            return []
        return keys

    def act(self, request: HttpRequest, action: Any, keys: list[str], done: str) -> None:
        """Do it and say what was done; a dead letter that was replaced meanwhile is named."""
        try:
            self.message_user(request, f"{action(keys, DEFAULT_DB_ALIAS)} {done}.", messages.SUCCESS)
        except NotADeadLetter as error:
            self.message_user(request, str(error), messages.ERROR)

    def confirmation(self, request: HttpRequest, entries: QuerySet[Entry]) -> HttpResponse:
        """The page that asks."""
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
    """The relays that run."""

    list_display = ("name", "started_at", "heartbeat_at")
