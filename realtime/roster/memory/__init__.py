"""Presence in this process's memory."""

from realtime.roster.memory.backend import MemoryPresence

__all__ = ["MemoryPresence"]
