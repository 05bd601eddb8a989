"""The tables of the flight recorder."""

from __future__ import annotations

from django.db import models


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
