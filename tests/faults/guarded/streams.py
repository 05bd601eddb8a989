"""Halls, for those who are in a group of the same name; all who follow one see each other."""

from typing import Any

from realtime.streams import Stream, register
from tests.faults.waits import REAUTHORIZE


@register("hall")
class Hall(Stream):
    presence = True
    reauthorize_every = REAUTHORIZE

    def authorize(self, user: Any) -> bool:
        found: bool = user.groups.filter(name=self.name).exists()
        return found
