"""The tables of the database event log."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

__all__ = ["Event", "StreamHead"]


class StreamHead(models.Model):
    """How far a stream has come; the row with the empty name holds the seed of all epochs."""

    name = models.CharField(max_length=80, primary_key=True)
    epoch = models.CharField(max_length=64)
    top = models.BigIntegerField(default=0, help_text="The offset of the last event.")
    pruned = models.BigIntegerField(default=0, help_text="Events up to this offset are gone.")

    def __str__(self) -> str:
        return f"{self.name} {self.epoch}/{self.top}"


class Event(models.Model):
    """An event; it has no offset until its transaction was committed and it was numbered.

    The stream is no foreign key: that would lock the stream's row until the publisher commits.
    """

    id = models.BigAutoField(primary_key=True)
    stream = models.CharField(max_length=80)
    offset = models.BigIntegerField(null=True)
    event_id = models.CharField(max_length=32)
    key = models.CharField(max_length=200, null=True)  # noqa: DJ001 (no key is no duplicate)
    name = models.CharField(max_length=200)
    data = models.TextField()
    at = models.BigIntegerField(help_text="Milliseconds since 1970, by the publisher's clock.")
    exclude = models.CharField(  # noqa: DJ001 (nobody is no socket)
        max_length=200, null=True, help_text="The socket that does not get it."
    )
    logged_at = models.DateTimeField(db_default=Now(), help_text="By the database's clock.")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["stream", "offset"], name="realtime_one_offset"),
            models.UniqueConstraint(fields=["stream", "key"], name="realtime_one_key"),
        ]
        indexes = [
            models.Index(
                fields=["stream", "id"],
                condition=Q(offset__isnull=True),
                name="realtime_pending",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.stream} {self.offset} {self.name}"
