"""Says which events were delivered to nobody: a line and a count, some seconds after they came.

One process at a time reads from the log what was numbered, and asks all processes whether a socket
of theirs was handed it. What is not certain is not said: no false alarm matters more than speed.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from realtime.concurrency.per_loop import PerLoop
from realtime.concurrency.process import process_id
from realtime.concurrency.threads import run_record, run_sync
from realtime.counters import DELIVERED_TO_NOBODY
from realtime.eventlog import EventLog, event_log
from realtime.eventlog.entries import LogEntry, Recent
from realtime.logs import LIMITED, get_logger
from realtime.protocol.presence import PRESENCE_EVENT
from realtime.recorder.base import Process, RecorderBackend
from realtime.recorder.configured import recorder_backend
from realtime.recorder.handed import are_handed_here, ask_all, was_handed_before
from realtime.recorder.verdict import Verdict, judge, who_may_know
from realtime.streams.registry import expects_followers, served_prefix

logger = get_logger(__name__)

TASK = "nobody"
"""The name of the lease."""
LEASE = 10.0
"""Seconds for which a process has the lease."""
LOOK_EVERY = 1.0
"""Seconds between two looks of the process that has the lease."""
TRY_EVERY = 5.0
"""Seconds between two attempts to take the lease, at most; with jitter, since all others do it."""

PAGE = 300
"""Events that are read together."""
MAX_PAGES = 30
"""Pages in one look: where more events come, some are not watched."""
PATIENCE = 30.0
"""Seconds for which a socket that follows the stream, and is behind, is waited for."""
MAX_TRIES = 2
"""Questions about an event that not all processes have answered."""
MAX_SHOWN = 10
"""Streams in one line."""


@dataclass(frozen=True, slots=True)
class Watched:
    """An event of one stream, and how often its question was left without an answer."""

    entry: LogEntry
    tries: int = 0


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
        handed = are_handed_here([one.entry for one in watched])
        watched = [one for one, here in zip(watched, handed, strict=True) if not here]
        if watched:  # Nobody else has to be asked about what sockets of this process have.
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
        answers = await ask_all([one.entry for one in watched])
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


def _not_handed_before(backend: RecorderBackend, entries: Sequence[LogEntry]) -> list[LogEntry]:
    return [one for one in entries if not was_handed_before(backend, one)]


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
    silent = who_may_know(processes) - answers.keys()
    logger.info(
        "delivery unknown event=%s name=%s stream=%s offset=%d silent=%s",
        *(entry.id, entry.name, entry.stream, entry.offset, ",".join(sorted(silent))),
        extra={**LIMITED, "origin": entry.origin},
    )


_watches = PerLoop(NobodyWatch)


def running_nobody_watch() -> NobodyWatch:
    """Return the watch of the running event loop; the first call starts it."""
    return _watches.current()
