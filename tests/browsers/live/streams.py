"""Rooms that everybody may follow, with the tasks in them."""

from typing import Any

from realtime.contrib.models import streams_model
from realtime.streams import Stream, register
from tests.browsers.live.models import Task


@register("room")
class Room(Stream):
    public = True

    def authorize(self, user: Any) -> bool:
        return True


streams_model(Task, to=lambda task: f"room.{task.room}", fields=["title"])
