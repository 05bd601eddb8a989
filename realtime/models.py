"""The tables of the database event log, of presence in the database, and of used tickets."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

__all__ = ["Event", "StreamHead", "UsedTicket"]


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


class Lease(models.Model):
    """What one process does at a time, which one that is, and how far it has come."""

    task = models.CharField(max_length=80, primary_key=True)
    process = models.CharField(max_length=32, default="")
    until = models.DateTimeField(db_default=Now(), help_text="By the database's clock.")
    note = models.TextField(default="", help_text="What the next process has to know.")

    def __str__(self) -> str:
        return f"{self.task} {self.process}"


class UsedTicket(models.Model):
    """A ticket that was used, so that it is not used again; removed an hour after its end."""

    nonce = models.CharField(max_length=32, primary_key=True)
    expires = models.BigIntegerField(db_index=True, help_text="Seconds since 1970.")

    def __str__(self) -> str:
        return self.nonce


class RecordedProcess(models.Model):
    """A process that has served sockets, for the flight recorder."""

    id = models.CharField(max_length=32, primary_key=True)
    host = models.CharField(max_length=200)
    pid = models.IntegerField()
    server = models.CharField(max_length=80, help_text="The ASGI server and its version.")
    started_at = models.BigIntegerField(help_text="Milliseconds since 1970 by its own clock.")
    lease_until = models.DateTimeField(
        db_index=True,
        help_text="By the database's clock; a process that does not renew it has died.",
    )
    ended_at = models.BigIntegerField(
        null=True, help_text="When it ended by itself, in milliseconds since 1970."
    )

    def __str__(self) -> str:
        return f"{self.host}/{self.pid}"


class RecordedSocket(models.Model):
    """The life of a socket: written soon after it has opened, and once more when it has ended."""

    id = models.CharField(max_length=32, primary_key=True)
    process = models.CharField(max_length=32)
    user = models.CharField(max_length=80, default="", help_text="The name of the own stream.")
    user_agent = models.CharField(max_length=200, default="")
    opened_at = models.BigIntegerField(
        help_text="Milliseconds since 1970 by the process's clock, as all times here."
    )
    ended_at = models.BigIntegerField(null=True)
    code = models.IntegerField(null=True, help_text="The close code.")
    ended_by = models.CharField(
        max_length=10, default="", help_text="server, client, or process where that has died."
    )
    latency = models.FloatField(null=True, help_text="Seconds of the last round trip.")
    proved_at = models.BigIntegerField(null=True, help_text="When the last pong came.")
    streams = models.TextField(
        default="", help_text="What it follows, as JSON, until it ends and each has a row."
    )

    class Meta:
        verbose_name = "socket"
        indexes = [
            models.Index(fields=["user", "opened_at"], name="realtime_sockets_of_user"),
            models.Index(fields=["process", "ended_at"], name="realtime_sockets_of_process"),
            models.Index(fields=["ended_at"], name="realtime_sockets_by_end"),
        ]

    def __str__(self) -> str:
        return f"{self.id} {self.user}"


class RecordedFollowing(models.Model):
    """What a socket was handed of a stream, and what of it was proved to have arrived."""

    id = models.CharField(max_length=130, primary_key=True, help_text="Its socket/stream/since.")
    socket = models.CharField(max_length=32, db_index=True)
    stream = models.CharField(max_length=80)
    since = models.BigIntegerField()
    until = models.BigIntegerField()
    epoch = models.CharField(max_length=64)
    began_at_offset = models.BigIntegerField(help_text="Events after this one are for the socket.")
    handed = models.BigIntegerField(default=0, help_text="The offset of the last event handed out.")
    proved = models.BigIntegerField(default=0, help_text="The offset of the last event proved.")
    steps = models.TextField(default="[]", help_text="The times of both, as JSON.")
    selects = models.BooleanField(default=False, help_text="Whether the class selects events.")

    class Meta:
        indexes = [models.Index(fields=["stream", "until"], name="realtime_followings_of")]

    def __str__(self) -> str:
        return f"{self.socket} {self.stream}"


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
