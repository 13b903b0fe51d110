"""What the database remembers for the index's sake: the outbox, each model's floor, and the indices."""

from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import Q, TextChoices
from django.utils import timezone


class EntryState(TextChoices):
    """Where an entry stands."""

    PENDING = "pending"  # not yet confirmed by every target; pushed at retry_at, or by the next push of its row
    SETTLING = "settling"  # a delete confirmed once; sent again at retry_at, in case a late write undid it
    DEAD = "dead"  # the engine refused the document; waits for a new change, a replay or a discard


class EntryQuerySet(models.QuerySet["Entry"]):
    """The outbox's questions, by name."""

    def pending(self) -> Self:
        """The backlog: what the index has not confirmed at all."""
        return self.filter(state=EntryState.PENDING)

    def settling(self) -> Self:
        """Deletes confirmed once."""
        return self.filter(state=EntryState.SETTLING)

    def dead(self) -> Self:
        """The dead letters."""
        return self.filter(state=EntryState.DEAD)

    def due(self, now: datetime | None = None) -> Self:
        """What should be pushed at `now`."""
        return self.exclude(state=EntryState.DEAD).filter(retry_at__lte=now or timezone.now())


class Entry(models.Model):
    """A captured change that the index has not confirmed. Written by the database's triggers alone.

    A dirty set, not a log: at most one entry a row. A new change of the row replaces all but
    `first_changed_at`, and draws a new `token`; who confirms must name the token that was read.
    """

    key = models.CharField(primary_key=True, max_length=255)  # model label and pk: orders.Order:17
    version = models.BigIntegerField()  # the row's; for a delete, above every version the row had
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
    """No key of this model ever gets a version at or below this one again.

    Raised when a delete's entry is removed for good: what the entry knew of the key, the floor knows of all keys.
    """

    model = models.CharField(primary_key=True, max_length=255)  # model label: orders.Order
    version = models.BigIntegerField()

    class Meta:
        db_table = "search_floor"

    def __str__(self) -> str:
        return f"{self.model} above {self.version}"


class IndexState(TextChoices):
    """Where an index stands."""

    BUILDING = "building"  # being filled; written by processes of its own fingerprint only
    LIVE = "live"  # the alias names it
    STANDBY = "standby"  # was live; still written, so that a rollback loses nothing
    RETIRED = "retired"  # no longer written; deleted after the longest push


class IndexQuerySet(models.QuerySet["Index"]):
    """The indices' questions, by name."""

    def targets(self) -> Self:
        """The indices that a push must reach."""
        return self.exclude(state=IndexState.RETIRED)

    def live(self) -> Self:
        """The indices that are searched, one an alias."""
        return self.filter(state=IndexState.LIVE)


class Index(models.Model):
    """A physical index in Elasticsearch and its state. Writes go to its name, never to the alias.

    A building index is also the lock of its rebuild: one an alias, held by `owner` while `heartbeat_at` is recent.
    """

    name = models.CharField(primary_key=True, max_length=255)
    alias = models.CharField(max_length=255)
    state = models.CharField(max_length=8, choices=IndexState.choices)
    fingerprint = models.CharField(max_length=64)
    replaces = models.JSONField(default=list, blank=True)  # the fingerprints of the code before this index's
    owner = models.CharField(max_length=255, blank=True, default="")  # who builds it
    heartbeat_at = models.DateTimeField(null=True, blank=True)  # when its owner was last known to be alive
    verified_at = models.DateTimeField(null=True, blank=True)  # when it was last compared with the database
    drift = models.JSONField(default=dict, blank=True)  # what that found: {"missing": 0, ...}
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
        """Whether code of this fingerprint may write here.

        Newer code writes to the older live index, which ignores what it does not map. Older code never writes to a
        newer index, building or live: its documents would lack what the new mapping is for.
        """
        if self.state == IndexState.BUILDING:
            return fingerprint == self.fingerprint
        return fingerprint not in self.replaces


class BackfillRange(models.Model):
    """A part of a table that a backfill copies, and how far it has come: what a killed rebuild resumes from."""

    index = models.ForeignKey(Index, on_delete=models.CASCADE, related_name="ranges")
    number = models.PositiveIntegerField()
    after = models.CharField(max_length=255, blank=True, default="")  # the key before its first; empty: from the start
    until = models.CharField(max_length=255, blank=True, default="")  # its last key; empty: to the end
    reached = models.CharField(max_length=255, blank=True, default="")  # the last key that the engine confirmed
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
    """A running relay, by the beat it writes: `search_status` counts those that beat lately."""

    name = models.CharField(primary_key=True, max_length=255)  # host:pid
    started_at = models.DateTimeField(default=timezone.now)
    heartbeat_at = models.DateTimeField(default=timezone.now)

    class Meta:
        db_table = "search_relay"
        verbose_name_plural = "relay processes"

    def __str__(self) -> str:
        return f"relay {self.name}"
