"""Whether sockets were handed an event: those of this process, of all, or of ended ones."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from typing import Any

from realtime.eventlog.entries import LogEntry
from realtime.layer.questions import aask
from realtime.recorder.base import RecorderBackend
from realtime.recorder.recorder import running_recorder
from realtime.recorder.verdict import Handed

BATCH = 300
"""Events in one question."""
ANSWER_WITHIN = 1.0
"""Seconds that all processes have for their answers."""
MAX_SOCKET_ID = 32
"""Characters of a socket's id, and more than any has."""
BUDGET = 0.02
"""Seconds that one answer may take."""


def answer_handed(about: Mapping[str, Any]) -> list[str | None]:
    """Answer which of the ``events`` sockets here have.

    Each is a stream, an epoch, an offset and the socket that it excludes.

    None is for those that would take too long: an event that none of 10,000 followers has takes 5
    ms, and the sockets wait meanwhile.
    """
    until = time.perf_counter() + BUDGET
    return [_handed(*place) if time.perf_counter() < until else None for place in about["events"]]


def are_handed_here(entries: Sequence[LogEntry]) -> list[bool]:
    """Tell of each event whether a socket of this process has it."""
    answers = answer_handed({"events": [_place(one) for one in entries]})
    return [given == Handed.YES for given in answers]


async def ask_all(entries: Sequence[LogEntry]) -> list[dict[str, str]]:
    """Return the answers about each event, by process.

    All the time is used: a process whose lease is not written yet may answer too.
    """
    places = [_place(one) for one in entries]
    starts = range(0, len(places), BATCH)
    asked = (
        aask("handed", {"events": places[start : start + BATCH]}, within=ANSWER_WITHIN)
        for start in starts
    )
    found: list[dict[str, str]] = [{} for _ in entries]
    for start, answers in zip(starts, await asyncio.gather(*asked), strict=True):
        for process, given in answers.items():
            if isinstance(given, list) and len(given) == len(places[start : start + BATCH]):
                for number, one in enumerate(given, start):
                    if one is not None:
                        found[number][process] = one
    return found


def was_handed_before(backend: RecorderBackend, entry: LogEntry) -> bool:
    """Tell whether a socket had an event whose process has ended since, and has written that."""
    at, offset = entry.numbered_at or 0.0, entry.offset or 0
    return any(
        following.stream == entry.stream
        and following.epoch == entry.epoch
        and following.began_after < offset <= following.handed
        for life in backend.followers(entry.stream, at, time.time())
        if life.socket != entry.exclude
        for following in life.followings
    )


def _handed(stream: str, epoch: str, offset: int, exclude: str | None = None) -> Handed:
    recorder = running_recorder()
    # Who passes over an event, by a filter or for a newer one, does not miss it.
    if recorder.was_handed(stream, epoch, offset, exclude) or recorder.is_selected_from(stream):
        return Handed.YES
    return Handed.NOT_YET if recorder.is_followed(stream, exclude) else Handed.NO


def _place(entry: LogEntry) -> list[str | int | None]:
    """Return what ``_handed`` takes; a question holds 300 that are not longer."""
    exclude = (entry.exclude or "")[:MAX_SOCKET_ID] or None
    return [entry.stream, entry.epoch, entry.offset, exclude]
