"""Models of the tests: a UUID key, and related rows that are part of a document."""

import uuid

from django.db import models


class Item(models.Model):
    """An item with a UUID key."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    name = models.CharField(max_length=100)
    version = models.BigIntegerField(default=0, editable=False)


class Part(models.Model):
    """A part of an item, indexed in the item's document."""

    item = models.ForeignKey(Item, on_delete=models.CASCADE, related_name="parts")
    name = models.CharField(max_length=100)
