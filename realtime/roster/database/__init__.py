"""Presence in the project's own database."""

from realtime.roster.database.backend import DatabasePresence

__all__ = ["DatabasePresence"]
