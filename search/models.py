"""The records that keep the index in step: outbox entries, version floors, physical indices, backfills and relays."""

from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import Q, TextChoices
from django.utils import timezone


class EntryState(TextChoices):
    """The state of an outbox entry."""

    PENDING = "pending"  # not confirmed by every target; pushed at retry_at, or by the next push of its row
    SETTLING = "settling"  # a delete confirmed once; sent again at retry_at, in case a late write undid it
    DEAD = "dead"  # Elasticsearch refused the document; kept until a new change, a replay or a discard


class EntryQuerySet(models.QuerySet["Entry"]):
    def pending(self) -> Self:
        return self.filter(state=EntryState.PENDING)

    def settling(self) -> Self:
        return self.filter(state=EntryState.SETTLING)

    def dead(self) -> Self:
        return self.filter(state=EntryState.DEAD)

    def due(self, now: datetime | None = None) -> Self:
        return self.exclude(state=EntryState.DEAD).filter(retry_at__lte=now or timezone.now())


class Entry(models.Model):
    """A captured change that the index has not confirmed. Created by the database's triggers only.

    The outbox is a dirty set, not a log: it has at most one entry per row. A new change of the row replaces all but
    `first_changed_at` and sets a new `token`. A confirmation names the token that was read.
    """

    key = models.CharField(primary_key=True, max_length=255)  # model label and pk: library.Book:17
    version = models.BigIntegerField()  # the row's version; for a delete, above every version of the row
    deleted = models.BooleanField(default=False)
    token = models.UUIDField()
    state = models.CharField(max_length=8, choices=EntryState.choices, default=EntryState.PENDING)
    first_changed_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    retry_at = models.DateTimeField()
    attempts = models.PositiveIntegerField(default=0)
    leased_until = models.DateTimeField(null=True, blank=True)
    settled_at = models.DateTimeField(null=True, blank=True)
    last_error = models.TextField(blank=True, default="")

    objects = EntryQuerySet.as_manager()

    class Meta:
        db_table = "search_outbox"
        verbose_name_plural = "entries"
        permissions = [("replay_entry", "Can replay dead letters"), ("discard_entry", "Can discard dead letters")]
        indexes = [
            models.Index(fields=["retry_at"], name="search_outbox_due", condition=~Q(state="dead")),
        ]

    def __str__(self) -> str:
        return f"{self.key} {self.state}"


class VersionFloor(models.Model):
    """The version that every new key of a model must exceed.

    Raised when a delete's entry is removed: the entry had the version of its key, the floor holds for all keys.
    """

    model = models.CharField(primary_key=True, max_length=255)  # model label: library.Book
    version = models.BigIntegerField()

    class Meta:
        db_table = "search_floor"

    def __str__(self) -> str:
        return f"{self.model} above {self.version}"


class IndexState(TextChoices):
    """The state of a physical index."""

    BUILDING = "building"  # being filled; written only by processes with its fingerprint
    LIVE = "live"  # the alias names it
    STANDBY = "standby"  # was live; still written, so a rollback loses nothing
    RETIRED = "retired"  # no longer written; deleted when no push to it can be under way


class IndexQuerySet(models.QuerySet["Index"]):
    def targets(self) -> Self:
        return self.exclude(state=IndexState.RETIRED)

    def live(self) -> Self:
        return self.filter(state=IndexState.LIVE)


class Index(models.Model):
    """A physical index in Elasticsearch and its state. Writes go to its name, never to the alias.

    A building index is also the lock of its rebuild: one per alias, held by `owner` while `heartbeat_at` is recent.
    """

    name = models.CharField(primary_key=True, max_length=255)
    alias = models.CharField(max_length=255)
    state = models.CharField(max_length=8, choices=IndexState.choices)
    fingerprint = models.CharField(max_length=64)
    replaces = models.JSONField(default=list, blank=True)  # fingerprints of older code
    owner = models.CharField(max_length=255, blank=True, default="")  # the process that builds it
    heartbeat_at = models.DateTimeField(null=True, blank=True)  # last sign of life of its owner
    verified_at = models.DateTimeField(null=True, blank=True)  # last comparison with the database
    drift = models.JSONField(default=dict, blank=True)  # result of that comparison: {"missing": 0, ...}
    created_at = models.DateTimeField(default=timezone.now)
    changed_at = models.DateTimeField(auto_now=True)

    objects = IndexQuerySet.as_manager()

    class Meta:
        db_table = "search_index"
        verbose_name_plural = "indices"
        constraints = [
            models.UniqueConstraint(fields=["alias"], condition=Q(state="live"), name="search_one_live_index"),
            models.UniqueConstraint(fields=["alias"], condition=Q(state="building"), name="search_one_building_index"),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.state}"

    def accepts_fingerprint(self, fingerprint: str) -> bool:
        """Return whether code with this fingerprint may write to this index.

        Newer code writes to the older live index, which ignores fields that it does not map. Older code never writes
        to a newer index, building or live: its documents would not have the new fields.
        """
        if self.state == IndexState.BUILDING:
            return fingerprint == self.fingerprint
        return fingerprint not in self.replaces


class BackfillRange(models.Model):
    """A range of a table's keys that a backfill indexes, with its progress, from which a killed rebuild resumes."""

    index = models.ForeignKey(Index, on_delete=models.CASCADE, related_name="ranges")
    number = models.PositiveIntegerField()
    after = models.CharField(max_length=255, blank=True, default="")  # exclusive; empty: from the first key
    until = models.CharField(max_length=255, blank=True, default="")  # inclusive; empty: to the last key
    reached = models.CharField(max_length=255, blank=True, default="")  # the last confirmed key
    done = models.BooleanField(default=False)
    indexed = models.PositiveBigIntegerField(default=0)  # documents
    refused = models.JSONField(default=list, blank=True)  # the first refused documents, by key and cause
    refusals = models.PositiveIntegerField(default=0)

    class Meta:
        db_table = "search_range"
        constraints = [models.UniqueConstraint(fields=["index", "number"], name="search_range_number")]

    def __str__(self) -> str:
        return f"{self.index_id} {self.number}"


class RelayProcess(models.Model):
    """A running relay. `search_status` counts those with a recent heartbeat."""

    name = models.CharField(primary_key=True, max_length=255)  # host:pid
    started_at = models.DateTimeField(default=timezone.now)
    heartbeat_at = models.DateTimeField(default=timezone.now)

    class Meta:
        db_table = "search_relay"
        verbose_name_plural = "relay processes"

    def __str__(self) -> str:
        return f"relay {self.name}"
