"""The names of the keys in Redis."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys of one log, which begin with its prefix."""

    prefix: str

    @property
    def recent(self) -> str:
        """Return the key of the newest publishes of all streams."""
        return f"{self.prefix}:recent"

    def head(self, stream: str) -> str:
        """Return the key of a stream's epoch and offset."""
        return f"{self.prefix}:head:{stream}"

    def events(self, stream: str) -> str:
        """Return the key of a stream's events."""
        return f"{self.prefix}:events:{stream}"

    def stream_of(self, events: str) -> str:
        """Return the stream whose events are in a key."""
        return events.removeprefix(self.events(""))

    def published(self, stream: str, key: str) -> str:
        """Return the key that is there once a stream has an event with its own ``key``."""
        return f"{self.prefix}:key:{stream}:{key}"

    def lease(self, task: str) -> tuple[str, str]:
        """Return the keys of a task's lease and of the note of how far it has come."""
        return f"{self.prefix}:lease:{task}", f"{self.prefix}:note:{task}"
