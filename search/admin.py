"""The outbox, the indices and the relays in the admin: to look at, not to edit."""

from typing import Any

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest

from search.models import Entry, Index, RelayProcess


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
        from search.versioned import documents

        labels = sorted({document.django.model._meta.label for document in documents()})
        return [(label, label) for label in labels]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(key__startswith=f"{self.value()}:") if self.value() else queryset


@admin.register(Entry)
class EntryAdmin(ReadOnlyAdmin):
    """The outbox."""

    list_display = ("key", "state", "version", "deleted", "first_changed_at", "retry_at", "attempts", "last_error")
    list_filter = ("state", DocumentFilter)
    search_fields = ("key__exact",)
    ordering = ("retry_at",)
    show_full_result_count = False


@admin.register(Index)
class IndexAdmin(ReadOnlyAdmin):
    """The indices and their states."""

    list_display = ("name", "alias", "state", "fingerprint", "created_at", "changed_at")
    list_filter = ("state", "alias")


@admin.register(RelayProcess)
class RelayProcessAdmin(ReadOnlyAdmin):
    """The relays that run."""

    list_display = ("name", "started_at", "beat_at")
