"""The tables of deadlines and receipts."""

from __future__ import annotations

from django.db import models
from django.db.models import Q


class Deadline(models.Model):
    """What is to be done if no socket proves in time that it received an event.

    It has the event too, for the function, since a log may be in Redis or keep few events.
    """

    event_id = models.CharField(max_length=32, primary_key=True)
    repetition = models.CharField(  # noqa: DJ001 (an event without a key repeats none)
        max_length=32,
        null=True,
        unique=True,
        help_text="A digest of the key and the streams; none without a key.",
    )
    streams = models.TextField(help_text="The names, as JSON.")
    name = models.CharField(max_length=200)
    data = models.TextField(help_text="As JSON, until it is settled.")
    at = models.BigIntegerField(help_text="Milliseconds since 1970, by the publisher's clock.")
    due_at = models.DateTimeField(help_text="By the database's clock.")
    otherwise = models.CharField(
        max_length=200, help_text="The dotted path of a function, empty for none."
    )
    try_at = models.DateTimeField(help_text="When it is due: due_at, or later after a failure.")
    attempts = models.IntegerField(default=0, help_text="How often the function has failed.")
    settled_at = models.DateTimeField(
        null=True, help_text="When it was proved, or the function had run or was given up."
    )
    was_received = models.BooleanField(null=True, help_text="Whether it was proved.")
    has_failed = models.BooleanField(default=False, help_text="Whether it was given up.")

    class Meta:
        indexes = [
            models.Index(
                fields=["try_at"], condition=Q(settled_at__isnull=True), name="realtime_deadlines"
            ),
            models.Index(
                fields=["settled_at"],
                condition=Q(settled_at__isnull=False),
                name="realtime_deadlines_by_age",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.event_id} {self.due_at}"


class Receipt(models.Model):
    """A proof that a socket received an event for which receipts are kept."""

    event_id = models.CharField(max_length=32)
    socket = models.CharField(max_length=32)
    user = models.CharField(max_length=80, default="", help_text="The name of the own stream.")
    received_at = models.DateTimeField(help_text="By the process's clock.")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["event_id", "socket"], name="realtime_one_receipt"),
        ]
        indexes = [
            models.Index(fields=["received_at"], name="realtime_receipts_by_age"),
            models.Index(fields=["user"], name="realtime_receipts_of_user"),
        ]

    def __str__(self) -> str:
        return f"{self.event_id} {self.socket}"
