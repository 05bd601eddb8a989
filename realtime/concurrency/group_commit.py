"""Group commit: what comes from many callers at one moment is done together, in rounds.

While a round is under way, those who come meanwhile wait, and one of them does the next round for
all of them. A caller that is alone waits for nobody. What follows from a round is a part of it: the
longer it takes, the more callers share the next one.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Generic, TypeVar
from weakref import WeakSet

Item = TypeVar("Item")

Result = TypeVar("Result")


class _State(Enum):
    WAITING = "waits for the next round"
    LEADS = "is to do the next round"
    TAKEN = "is in a round that is under way"
    DONE = "was in a round that has ended"
    BROKEN_OFF = "was in a round that was broken off"


@dataclass(eq=False)
class _Entry(Generic[Item, Result]):
    item: Item
    then: Callable[[Result], None]
    """What follows; a round has only items that are followed by the same."""
    state: _State = _State.WAITING
    error: Exception | None = None
    mates: int = 0
    """How many others were in the same round."""
    moved_on: threading.Lock = field(default_factory=threading.Lock)
    """What its thread waits for: held while the state is WAITING or TAKEN."""


class GroupCommit(Generic[Item, Result]):
    """Has threads, or gevent's greenlets, do their work together.

    ``together(items, again)`` does a round. An error of the kinds ``own`` may be the fault of
    one item: then each thread calls it for its own item alone. Any other error is raised in all
    threads of the round. A thread also goes on alone if its round was broken off, or has not ended
    within ``patience`` seconds. Then ``again`` says that its item may have been done already.
    """

    def __init__(
        self,
        together: Callable[[Sequence[Item], bool], Result],
        own: type[Exception],
        patience: float,
    ) -> None:
        self._together = together
        self._own = own
        self._patience = patience
        self._lock = threading.Lock()
        self._waiting: list[_Entry[Item, Result]] = []
        self._is_led = False
        self._leader: int | None = None
        _all.add(self)

    def join(self, item: Item, then: Callable[[Result], None]) -> None:
        """Return when the item is done, in a round with those of other threads or alone.

        ``then`` gets the result of the round, or the item's own; it does not raise.
        """
        if self._leader == threading.get_ident():  # What a round does, publishes something.
            then(self._together([item], False))
            return
        entry = _Entry(item, then)
        with self._lock:
            self._waiting.append(entry)
            if self._is_led:
                entry.moved_on.acquire()
            else:
                self._is_led, entry.state = True, _State.LEADS
        if entry.state is not _State.LEADS:
            self._wait(entry)
        if entry.state is _State.LEADS:
            self._lead(entry)
        if entry.error is not None and not (entry.mates and isinstance(entry.error, self._own)):
            raise entry.error
        if entry.error is not None or entry.state is not _State.DONE:
            then(self._together([item], entry.state is not _State.WAITING))

    def begin_as_child(self) -> None:
        """Forget the threads that a fork does not copy, and the locks that they held."""
        self._lock, self._waiting = threading.Lock(), []
        self._is_led, self._leader = False, None

    def _wait(self, entry: _Entry[Item, Result]) -> None:
        """Wait until the entry's round has ended, or it leads one, or patience has ended."""
        is_alive = False
        try:
            entry.moved_on.acquire(timeout=self._patience)
            is_alive = True
        finally:
            with self._lock:
                if entry.state is _State.WAITING:
                    self._waiting.remove(entry)
                elif entry.state is _State.LEADS and not is_alive:
                    self._waiting.remove(entry)
                    self._choose_leader()

    def _lead(self, own: _Entry[Item, Result]) -> None:
        with self._lock:
            taken = [entry for entry in self._waiting if entry.then is own.then]
            self._waiting = [entry for entry in self._waiting if entry.then is not own.then]
            for entry in taken:
                entry.state, entry.mates = _State.TAKEN, len(taken) - 1
            self._leader = threading.get_ident()
        state, error = _State.BROKEN_OFF, None
        try:
            own.then(self._together([entry.item for entry in taken], False))
            state = _State.DONE
        except Exception as raised:  # Each thread of the round gets it.
            state, error = _State.DONE, raised
        finally:
            with self._lock:
                self._leader = None
                for entry in taken:
                    entry.error = error
                    self._move(entry, state)
                self._choose_leader()

    def _choose_leader(self) -> None:
        self._is_led = bool(self._waiting)
        if self._waiting:
            self._move(self._waiting[0], _State.LEADS)

    def _move(self, entry: _Entry[Item, Result], state: _State) -> None:
        entry.state = state
        if entry.moved_on.locked():
            entry.moved_on.release()


class GroupCommitInLoop(Generic[Item, Result]):
    """Has the tasks of one event loop do their work together; see ``GroupCommit``."""

    def __init__(
        self,
        together: Callable[[Sequence[Item], bool], Awaitable[Result]],
        own: type[Exception],
    ) -> None:
        self._together = together
        self._own = own
        self._waiting: list[
            tuple[Item, Callable[[Result], Awaitable[None]], asyncio.Future[None]]
        ] = []
        self._task: asyncio.Task[None] | None = None

    async def join(self, item: Item, then: Callable[[Result], Awaitable[None]]) -> None:
        """Return when the item is done; it is done also if the caller is cancelled."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        done.add_done_callback(lambda done: done.cancelled() or done.exception())
        self._waiting.append((item, then, done))
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="realtime-group-commit")
        await asyncio.shield(done)

    async def _run(self) -> None:
        try:
            while self._waiting:
                then = self._waiting[0][1]
                taken = [(item, done) for item, its, done in self._waiting if its is then]
                self._waiting = [entry for entry in self._waiting if entry[1] is not then]
                try:
                    await self._do(taken, then, False)
                finally:
                    for _, done in taken:
                        done.cancel()  # Unless it is done.
        finally:
            self._task = None
            for _, _, done in self._waiting:
                done.cancel()

    async def _do(
        self,
        taken: Sequence[tuple[Item, asyncio.Future[None]]],
        then: Callable[[Result], Awaitable[None]],
        again: bool,
    ) -> None:
        try:
            await then(await self._together([item for item, _ in taken], again))
        except Exception as error:  # The futures hand it to each caller.
            if isinstance(error, self._own) and len(taken) > 1:
                for one in taken:
                    await self._do([one], then, True)
            else:
                for _, done in taken:
                    done.set_exception(error)
        else:
            for _, done in taken:
                done.set_result(None)


_all: WeakSet[GroupCommit[Any, Any]] = WeakSet()


def _begin_as_child() -> None:
    for one in list(_all):
        one.begin_as_child()


if hasattr(os, "register_at_fork"):  # Windows has no forks.
    os.register_at_fork(after_in_child=_begin_as_child)
