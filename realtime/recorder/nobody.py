"""Says which events were delivered to nobody: a line and a count, some seconds after they came.

One process at a time reads from the log what was numbered, and asks all processes whether a socket
of theirs was handed it. What is not certain is not said: no false alarm matters more than speed.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import groupby
from typing import Any

from realtime.concurrency.per_loop import PerLoop
from realtime.concurrency.process import process_id
from realtime.concurrency.threads import run_record, run_sync
from realtime.counters import DELIVERED_TO_NOBODY
from realtime.eventlog import EventLog, event_log
from realtime.eventlog.entries import LogEntry, Recent
from realtime.layer.questions import aask
from realtime.logs import LIMITED, get_logger
from realtime.protocol.presence import PRESENCE_EVENT
from realtime.recorder.base import Process, RecorderBackend
from realtime.recorder.configured import recorder_backend
from realtime.recorder.recorder import running_recorder
from realtime.streams import expects_followers, served_prefix

logger = get_logger(__name__)

TASK = "nobody"
"""The name of the lease."""
LEASE = 10.0
"""Seconds for which a process has the lease."""
LOOK_EVERY = 1.0
"""Seconds between two looks of the process that has the lease."""
TRY_EVERY = 5.0
"""Seconds between two attempts to take the lease, at most; with jitter, since all others do it."""
ANSWER_WITHIN = 1.0
"""Seconds that all processes have for their answers."""

PAGE = 300
"""Events that are read together, and asked for in one question."""
MAX_PAGES = 30
"""Pages in one look: where more events come, some are not watched."""
MAX_SOCKET_ID = 32
"""Characters of a socket's id, and more than any has."""
PATIENCE = 30.0
"""Seconds for which a socket that follows the stream, and is behind, is waited for."""
BUDGET = 0.02
"""Seconds that one answer may take."""
MAX_TRIES = 2
"""Questions about an event that not all processes have answered."""
MAX_SHOWN = 10
"""Streams in one line."""


class Handed(StrEnum):
    """What one process says of an event."""

    YES = "yes"
    NOT_YET = "not yet"
    """A socket follows the stream, and has not come so far."""
    NO = "no"


class Verdict(StrEnum):
    """What all processes together know of an event."""

    RECEIVED = "received"
    BEHIND = "behind"
    UNKNOWN = "unknown"
    """A process may know, and did not answer."""
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class Watched:
    """An event of one stream, and how often its question was left without an answer."""

    entry: LogEntry
    tries: int = 0


def answer_handed(about: Mapping[str, Any]) -> list[str | None]:
    """Answer which of the ``events`` sockets here have.

    Each is a stream, an epoch, an offset and the socket that it excludes.

    None is for those that would take too long: an event that none of 10,000 followers has takes 5
    ms, and the sockets wait meanwhile.
    """
    until = time.perf_counter() + BUDGET
    return [_handed(*place) if time.perf_counter() < until else None for place in about["events"]]


def judge(
    answers: Mapping[str, str], processes: Iterable[Process], me: str, *, can_wait: bool = True
) -> Verdict:
    """Return what follows from the answers about one event, by process.

    ``processes`` are those that were alive when it came. One that has died since could have handed
    it out; one that has ended by itself has written what it did. ``me`` asks, and has to answer. A
    socket that is behind is waited for as long as one ``can_wait``.
    """
    given = set(answers.values())
    if Handed.YES in given:
        return Verdict.RECEIVED
    if Handed.NOT_YET in given and can_wait:
        return Verdict.BEHIND
    needed = {one.id for one in processes if one.ended_at is None or one.has_died} | {me}
    return Verdict.NOBODY if needed <= answers.keys() else Verdict.UNKNOWN


class NobodyWatch:
    """Watches in a task of its own, where events are kept and sockets are recorded."""

    def __init__(self) -> None:
        self._cursor: str | None = None
        """Up to where events have been taken; None without the lease."""
        self._kept_at = 0.0
        self._waiting: list[Watched] = []
        self._is_failing = False
        log, backend = event_log(), recorder_backend()
        if log is not None and backend is not None:
            self._task = asyncio.create_task(self._run(log, backend), name="realtime-nobody")

    async def _run(self, log: EventLog, backend: RecorderBackend) -> None:
        await asyncio.sleep(random.random() * LOOK_EVERY)
        while True:
            try:
                has_lease = await self._look(log, backend)
            except Exception as error:
                self._failed(error)
                has_lease = False
            else:
                self._log_up()
            await asyncio.sleep(LOOK_EVERY if has_lease else TRY_EVERY * random.uniform(0.5, 1))

    async def _look(self, log: EventLog, backend: RecorderBackend) -> bool:
        """Look at what has come; returns False if another process does that."""
        if self._cursor is None:
            self._waiting = []
            note: str | None = await run_sync(log.take_lease, TASK, process_id(), LEASE)
            if note is None:
                return False
            self._cursor = await _cursor(log, note)
            self._kept_at = 0.0
        new = await self._new(log)
        self._waiting += [Watched(one) for one in new if _is_watched(one)]
        # Before anything is said: another process may have gone on from the last note.
        if not await self._keep(log, force=bool(new or self._waiting)):
            self._cursor = None
            return False
        watched, self._waiting = self._waiting, []
        if watched := _not_handed_here(watched):
            try:
                await self._settle(watched, backend)
            except Exception:
                self._waiting = [one for one in watched if _is_new(one.entry)]
                raise
        return True

    async def _new(self, log: EventLog) -> list[LogEntry]:
        found: list[LogEntry] = []
        cursor = self._cursor
        for _ in range(MAX_PAGES):
            page = await run_sync(log.recent, cursor, PAGE)
            cursor = page.cursor
            found += page.entries
            if len(page.entries) < PAGE:
                break
        else:
            logger.warning(
                "deliveries not watched events=%d: more than that came in a second",
                PAGE * MAX_PAGES,
            )
            cursor = (await run_sync(log.recent, None)).cursor
        self._cursor = cursor
        return found

    async def _keep(self, log: EventLog, *, force: bool) -> bool:
        """Keep the lease; where nothing has come, only when that is needed."""
        now = asyncio.get_running_loop().time()
        if not force and now - self._kept_at < LEASE / 3:
            return True
        self._kept_at = now
        return bool(await run_sync(log.keep_lease, TASK, process_id(), LEASE, self._cursor))

    async def _settle(self, watched: Sequence[Watched], backend: RecorderBackend) -> None:
        since = min(one.entry.numbered_at or 0.0 for one in watched)
        processes = await run_record(backend.processes, since)
        answers = await _ask(watched)
        nobody: list[LogEntry] = []
        for one, given in zip(watched, answers, strict=True):
            verdict = judge(given, processes, process_id(), can_wait=_is_new(one.entry))
            if verdict is Verdict.BEHIND:
                self._waiting.append(one)
            elif verdict is Verdict.UNKNOWN and one.tries + 1 < MAX_TRIES:
                self._waiting.append(replace(one, tries=one.tries + 1))
            elif verdict is Verdict.UNKNOWN:
                _say_unknown(one.entry, given, processes)
            elif verdict is not Verdict.RECEIVED:
                nobody.append(one.entry)
        if any(one.ended_at is not None and not one.has_died for one in processes):
            nobody = await run_record(_not_handed_before, backend, nobody)
        _say(nobody)

    def _failed(self, error: Exception) -> None:
        if not self._is_failing:
            self._is_failing = True
            logger.error("deliveries not watched reason=%r: trying again", error)

    def _log_up(self) -> None:
        if self._is_failing:
            self._is_failing = False
            logger.warning("deliveries watched again")


async def _cursor(log: EventLog, note: str) -> str:
    """Return the cursor in a note, or a new one; another log's says nothing here."""
    if note:
        try:
            await run_sync(log.recent, note, 1)
            return note
        except Exception as error:  # The process before may have had other settings.
            logger.warning("note of deliveries dropped reason=%r: watching from now on", error)
    newest: Recent = await run_sync(log.recent, None)
    return newest.cursor


def _is_watched(entry: LogEntry) -> bool:
    return entry.name != PRESENCE_EVENT and expects_followers(entry.stream)


def _is_new(entry: LogEntry) -> bool:
    return time.time() - (entry.numbered_at or 0.0) < PATIENCE


def _handed(stream: str, epoch: str, offset: int, exclude: str | None = None) -> Handed:
    recorder = running_recorder()
    # Who passes over an event, by a filter or for a newer one, does not miss it.
    if recorder.was_handed(stream, epoch, offset, exclude) or recorder.is_selected_from(stream):
        return Handed.YES
    return Handed.NOT_YET if recorder.is_followed(stream, exclude) else Handed.NO


def _place(entry: LogEntry) -> list[str | int | None]:
    """Return what ``_handed`` takes; a question holds 300 that are not longer than this."""
    exclude = (entry.exclude or "")[:MAX_SOCKET_ID] or None
    return [entry.stream, entry.epoch, entry.offset, exclude]


def _not_handed_here(watched: Sequence[Watched]) -> list[Watched]:
    """Leave out what sockets of this process have: nobody else has to be asked about that."""
    answers = answer_handed({"events": [_place(one.entry) for one in watched]})
    return [one for one, given in zip(watched, answers, strict=True) if given != Handed.YES]


async def _ask(watched: Sequence[Watched]) -> list[dict[str, str]]:
    """Return the answers about each event, by process.

    All the time is used: a process whose lease is not written yet may answer too.
    """
    places = [_place(one.entry) for one in watched]
    starts = range(0, len(places), PAGE)
    asked = (
        aask("handed", {"events": places[start : start + PAGE]}, within=ANSWER_WITHIN)
        for start in starts
    )
    found: list[dict[str, str]] = [{} for _ in watched]
    for start, answers in zip(starts, await asyncio.gather(*asked), strict=True):
        for process, given in answers.items():
            if isinstance(given, list) and len(given) == len(places[start : start + PAGE]):
                for number, one in enumerate(given, start):
                    if one is not None:
                        found[number][process] = one
    return found


def _not_handed_before(backend: RecorderBackend, entries: Sequence[LogEntry]) -> list[LogEntry]:
    """Leave out what was handed out by a process that has ended since, and written that."""
    return [one for one in entries if not _was_written(backend, one)]


def _was_written(backend: RecorderBackend, entry: LogEntry) -> bool:
    at, offset = entry.numbered_at or 0.0, entry.offset or 0
    return any(
        following.stream == entry.stream
        and following.epoch == entry.epoch
        and following.began_after < offset <= following.handed
        for life in backend.followers(entry.stream, at, time.time())
        if life.socket != entry.exclude
        for following in life.followings
    )


def _say(entries: Sequence[LogEntry]) -> None:
    for entry in entries:
        DELIVERED_TO_NOBODY.add(served_prefix(entry.stream))
    for event, of_event in groupby(sorted(entries, key=lambda one: one.id), lambda one: one.id):
        first, *others = of_event
        places = [f"{one.stream}:{one.offset}" for one in (first, *others)]
        more = f",+{len(places) - MAX_SHOWN}" if len(places) > MAX_SHOWN else ""
        logger.warning(
            "delivered to nobody event=%s name=%s streams=%s",
            *(event, first.name, ",".join(places[:MAX_SHOWN]) + more),
            extra={**LIMITED, "origin": first.origin},
        )


def _say_unknown(entry: LogEntry, answers: Mapping[str, str], processes: Sequence[Process]) -> None:
    silent = {one.id for one in processes if one.ended_at is None or one.has_died} - answers.keys()
    logger.info(
        "delivery unknown event=%s name=%s stream=%s offset=%d silent=%s",
        *(entry.id, entry.name, entry.stream, entry.offset, ",".join(sorted(silent))),
        extra={**LIMITED, "origin": entry.origin},
    )


_watches = PerLoop(NobodyWatch)


def running_nobody_watch() -> NobodyWatch:
    """Return the watch of the running event loop; the first call starts it."""
    return _watches.current()
