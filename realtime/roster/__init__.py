"""Who is there: the sockets of all processes, by user and by stream."""

from realtime.roster.base import (
    Holder,
    Leave,
    Member,
    Notice,
    OpenSocket,
    PresenceBackend,
    Present,
    Swept,
)
from realtime.roster.configured import presence_backend

__all__ = [
    "Holder",
    "Leave",
    "Member",
    "Notice",
    "OpenSocket",
    "PresenceBackend",
    "Present",
    "Swept",
    "presence_backend",
]
