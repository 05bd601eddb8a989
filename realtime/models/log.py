"""The tables of the event log in the database."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now


class StreamHead(models.Model):
    """How far a stream has come; the row with the empty name holds the seed of all epochs."""

    name = models.CharField(max_length=80, primary_key=True)
    epoch = models.CharField(max_length=64)
    top = models.BigIntegerField(default=0, help_text="The offset of the last event.")
    pruned = models.BigIntegerField(default=0, help_text="Events up to this offset are gone.")
    begun_at = models.DateTimeField(
        null=True, help_text="When another epoch than the first began, by the database's clock."
    )

    class Meta:
        verbose_name = "stream"
        # Publishing doesn't change it, and so can update heads in place.
        indexes = [
            models.Index(
                fields=["begun_at"],
                condition=Q(begun_at__isnull=False),
                name="realtime_heads_begun",
            )
        ]

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
    origin = models.CharField(  # noqa: DJ001 (unknown is no name)
        max_length=200, null=True, help_text="The request, task or command that published it."
    )
    traceparent = models.CharField(  # noqa: DJ001 (no trace is no name)
        max_length=64, null=True, help_text="The trace that it belongs to (W3C Trace Context)."
    )
    wants_receipt = models.BooleanField(
        default=False, db_default=False, help_text="Whether who received it is noted."
    )
    logged_at = models.DateTimeField(db_default=Now(), help_text="By the database's clock.")
    numbered_at = models.DateTimeField(
        null=True, help_text="When it got its offset, by the database's clock."
    )

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
            models.Index(fields=["event_id"], name="realtime_event_by_id"),
            models.Index(
                fields=["key"], condition=Q(key__isnull=False), name="realtime_event_by_key"
            ),
            models.Index(
                fields=["numbered_at", "id"],
                condition=Q(numbered_at__isnull=False),
                name="realtime_event_by_numbering",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.stream} {self.offset} {self.name}"


class Lease(models.Model):
    """What one process does at a time, which one that is, and how far it has come."""

    task = models.CharField(max_length=80, primary_key=True)
    process = models.CharField(max_length=32, default="")
    until = models.DateTimeField(db_default=Now(), help_text="By the database's clock.")
    note = models.TextField(default="", help_text="What the next process has to know.")

    def __str__(self) -> str:
        return f"{self.task} {self.process}"
