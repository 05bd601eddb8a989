"""The backend in the memory of one process: for tests, and the reference for the others."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from realtime.concurrency.threads import nonblocking
from realtime.recorder.base import Life, Process, RecorderBackend
from realtime.recorder.reading import as_of, follows, overlaps

__all__ = ["MemoryRecorder"]


class MemoryRecorder(RecorderBackend):
    """Keeps lives until they are pruned."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._processes: dict[str, Process] = {}
        self._leases: dict[str, float] = {}
        self._lives: dict[str, Life] = {}

    @nonblocking
    def write(
        self, process: Process, lease: float, opened: Sequence[Life], ended: Sequence[Life]
    ) -> None:
        with self._lock:
            self._processes.setdefault(process.id, process)
            self._leases[process.id] = time.time() + lease
            for life in opened:
                known = self._lives.get(life.socket)
                if known is None or known.ended_at is None:
                    self._lives[life.socket] = _merged(known, life)
            for life in ended:
                self._lives[life.socket] = _merged(self._lives.get(life.socket), life)

    @nonblocking
    def stop(self, process: str) -> None:
        with self._lock:
            if process in self._processes:
                stopped = replace(self._processes[process], ended_at=time.time())
                self._processes[process] = stopped

    def processes(self, since: float) -> Sequence[Process]:
        with self._lock:
            known = [self._known(process) for process in self._processes]
        return [one for one in known if one.ended_at is None or one.ended_at >= since]

    def followers(self, stream: str, begin: float, end: float) -> Sequence[Life]:
        return self._found(lambda life: follows(life, stream, begin, end))

    def lives_of(self, user: str, begin: float, end: float) -> Sequence[Life]:
        return self._found(
            lambda life: life if life.user == user and overlaps(life, begin, end) else None
        )

    def open_lives(self, after: str, limit: int) -> Sequence[Life]:
        found = self._found(
            lambda life: life if life.socket > after and life.ended_at is None else None
        )
        return sorted(found, key=lambda life: life.socket)[:limit]

    @nonblocking
    def prune(self, age: float) -> int:
        oldest = time.time() - age
        found = self._found(lambda life: life)
        old = [one.socket for one in found if one.ended_at is not None and one.ended_at < oldest]
        with self._lock:
            for socket in old:
                del self._lives[socket]
            for process in list(self._processes):
                ended_at = self._known(process).ended_at
                if ended_at is not None and ended_at < oldest:
                    del self._processes[process], self._leases[process]
        return len(old)

    def _found(self, chosen: Callable[[Life], Life | None]) -> list[Life]:
        with self._lock:
            known = {process: self._known(process) for process in self._processes}
            lives = [as_of(life, known.get(life.process)) for life in self._lives.values()]
        return [found for life in lives if (found := chosen(life)) is not None]

    def _known(self, process: str) -> Process:
        known, lease = self._processes[process], self._leases[process]
        if known.ended_at is None and lease < time.time():
            return replace(known, ended_at=lease, has_died=True)
        return known


def _merged(known: Life | None, life: Life) -> Life:
    """Keep the followings that were written earlier, and are not written again."""
    if known is None:
        return life
    again = {(one.stream, one.since) for one in life.followings}
    earlier = [one for one in known.followings if (one.stream, one.since) not in again]
    return replace(life, followings=(*earlier, *life.followings))
