"""What the processes of this host have counted: one of them asks the others."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Mapping
from typing import Any

from realtime import counters
from realtime.concurrency.process import process_id
from realtime.counters import Values
from realtime.fanout.hub import COUNTS
from realtime.layer.questions import aask

ANSWER_WITHIN = 1.0
"""Seconds that processes have to answer; Prometheus waits for ten."""

KEEP = 3600.0
"""Seconds for which a silent process is shown at most: another may have got its number."""


class KnownProcesses:
    """Those that have answered before, by their ids; ``runs`` tells whether a number is in use.

    ``clock`` is a steady one, in seconds.
    """

    def __init__(
        self, runs: Callable[[int], bool], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._runs = runs
        self._clock = clock
        self._known: dict[str, tuple[int, float]] = {}

    def silent(self, answered: Mapping[str, int]) -> list[str]:
        """Return those that run and have not answered; ``answered`` has the others' numbers."""
        now = self._clock()
        self._known = {
            process: (number, at)
            for process, (number, at) in self._known.items()
            if now - at <= KEEP and self._runs(number)
        }
        silent = [process for process in self._known if process not in answered]
        self._known |= {process: (number, now) for process, number in answered.items()}
        return silent


def is_running(number: int) -> bool:
    """Tell whether there is a process with this number on this host."""
    if os.name != "posix":  # There, the signal 0 is one that ends a process.
        return False
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # It is another user's.
    return True


_known = KnownProcesses(is_running)


async def counts_of_host() -> Mapping[str, Mapping[str, Values] | None]:
    """Return what each process of this host has counted; None for one that did not answer.

    Without a channel layer that works, that is this process alone.
    """
    found = await aask(COUNTS, {"host": socket.gethostname()}, within=ANSWER_WITHIN)
    answers = {process: answer for process, answer in found.items() if _is_sound(answer)}
    silent = _known.silent({process: answer["pid"] for process, answer in answers.items()})
    counts = {process: answer["counts"] for process, answer in answers.items()}
    return {**dict.fromkeys(silent), **counts, process_id(): counters.read_all()}


def _is_sound(answer: Any) -> bool:
    """Tell whether an answer can be read; one of a later version may say it otherwise."""
    if not isinstance(answer, dict) or type(answer.get("pid")) is not int:
        return False
    counts = answer.get("counts")
    return isinstance(counts, dict) and all(isinstance(one, dict) for one in counts.values())
