"""The tables of presence in the database."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now


class PresenceProcess(models.Model):
    """A process whose sockets are there for as long as its lease."""

    id = models.CharField(max_length=32, primary_key=True)
    lease_until = models.DateTimeField(help_text="By the database's clock.")

    def __str__(self) -> str:
        return f"{self.id} until {self.lease_until}"


class PresenceMember(models.Model):
    """A socket in a stream; the stream with the empty name has all sockets.

    The process is no foreign key: its row is locked while it writes, and that is enough.
    """

    id = models.CharField(max_length=200, primary_key=True, help_text="The socket/the stream.")
    process = models.CharField(max_length=32, db_index=True)
    socket = models.CharField(max_length=80)
    stream = models.CharField(max_length=80)
    user = models.TextField(help_text="The primary key as text.")
    since = models.BigIntegerField(help_text="Milliseconds since 1970, by the process's clock.")

    class Meta:
        indexes = [models.Index(fields=["stream", "user"], name="realtime_members_of")]

    def __str__(self) -> str:
        return f"{self.id} {self.user}"


class Attendance(models.Model):
    """A user in a stream, from the first member on until the user has left for good."""

    stream = models.CharField(max_length=80)
    user = models.TextField(help_text="The primary key as text.")
    since = models.DateTimeField(db_default=Now(), help_text="By the database's clock.")
    meta = models.TextField(default="{}")
    is_announced = models.BooleanField(default=False)
    due_at = models.DateTimeField(
        null=True, help_text="When the user has left, if no member is there then."
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["stream", "user"], name="realtime_one_attendance"),
        ]
        indexes = [
            models.Index(
                fields=["stream"],
                condition=Q(is_announced=False),
                name="realtime_unannounced",
            ),
            models.Index(
                fields=["due_at"], condition=Q(due_at__isnull=False), name="realtime_leaving"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.stream} {self.user}"


class PresenceNotice(models.Model):
    """What is still to be announced; of each subject the oldest first."""

    id = models.BigAutoField(primary_key=True)
    notice_id = models.CharField(max_length=32, unique=True)
    subject = models.TextField(db_index=True)
    content = models.TextField()

    def __str__(self) -> str:
        return f"{self.subject} {self.notice_id}"


class PresenceLock(models.Model):
    """A lock; its holder is a user or a socket, the other one is empty."""

    name = models.CharField(max_length=80, primary_key=True)
    user = models.TextField(db_index=True)
    socket = models.CharField(max_length=80, db_index=True)
    until = models.DateTimeField(help_text="Until when the holder may appear.")

    def __str__(self) -> str:
        return f"{self.name} {self.socket or self.user}"
